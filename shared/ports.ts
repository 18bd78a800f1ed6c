import type { EscalationNotice } from './contracts/desk-message.ts';
import type { Timer } from './contracts/timer.ts';
import type { AccountHealth } from './domain/account-health.ts';
import type { Finding, Sentiment } from './domain/assessment.ts';
import type { Case, CaseEvent, Conversation, Effect } from './domain/case.ts';
import type { ClockName } from './domain/clocks.ts';
import type { Route } from './domain/decision.ts';
import type { InboundEvent } from './domain/inbound-event.ts';
import type { Account, Policy } from './domain/policy.ts';
import type { TextClass } from './domain/second-opinion.ts';
import type { TokenHealth } from './domain/token-health.ts';
import type { Standing } from './domain/vendors.ts';
import type { PlatformSecrets } from './platforms/platform.ts';

/** An event as it is kept: with the customer's words, until they are erased, and what the world was told of it. */
export interface StoredEvent {
  readonly caseId: string;
  /** The version that it made of its case: the order in which a case's events are replayed. */
  readonly version: number;
  readonly conversation: Conversation;
  readonly event: CaseEvent;
  readonly text: string;
  readonly effects: readonly Effect[];
}

/** One event and the case it makes of `before`, to be written as one. */
export interface CaseChange {
  readonly stored: StoredEvent;
  readonly before: Case | undefined;
  readonly after: Case;
  /** The resolved case that makes room for this one. */
  readonly closes: Case | undefined;
  /** Ids of stored events whose words go with this write. */
  readonly erases: readonly string[];
}

/**
 * `written`; `known`: this event was stored before, by this record's twin, nothing was written; `moved`: the case is no longer `before`,
 * read it again.
 */
export type WriteResult =
  | { readonly kind: 'written' }
  | { readonly kind: 'known'; readonly stored: StoredEvent }
  | { readonly kind: 'moved' };

/** Something about a message that has not been seen yet: kept until it arrives. */
export interface WaitingEvent {
  readonly receivedAt: string;
  readonly event: InboundEvent;
}

/** A thread on an account: what is stored together. */
export type Thread = Pick<Conversation, 'channel' | 'accountId' | 'thread'>;

/** What tells one account from all others. */
export type AccountId = Pick<Account, 'channel' | 'id'>;

/** How far the sweeper has come. */
export interface SweepCheckpoint {
  /** No timer is left in any minute up to this one (`YYYY-MM-DDTHH:MM`). */
  readonly clearedThrough: string;
  /** Every timer due up to this instant was put on the timer queue. */
  readonly sentThrough: string;
}

/** A case in the list by last message. */
export interface HeardCase {
  readonly at: string;
  readonly caseId: string;
  readonly route: Route;
  readonly desk: string | undefined;
  /** Short name of its account (`accountKeyOf`); absent in what was written before it was kept. */
  readonly account: string | undefined;
}

/** The place of a case in the list by last message: the list goes on behind it. */
export function placeOf({ at, caseId }: HeardCase): string {
  return `${at}#${caseId}`;
}

/** A case, noted under whoever wrote it. */
export interface PersonsCase {
  readonly caseId: string;
  /** When its first message that came was written. */
  readonly at: string;
  readonly public: boolean;
}

/** A case in the list of active ones. */
export interface OpenCase {
  readonly caseId: string;
  readonly desk: string;
  readonly state: Case['state'];
  /** What is owed first; `undefined` while all its clocks stand still. */
  readonly deadline: { readonly clock: ClockName; readonly dueAt: string } | undefined;
}

/** Clocks that ran on a desk. */
export type DeskRecord = Pick<Standing, 'kept' | 'broken'>;

/** What people are to be told of one case, and since when (ISO 8601 UTC). */
export interface KeptNotice {
  readonly since: string;
  readonly notice: EscalationNotice;
}

/** Where cases live. Every method may reject with `StoreUnavailableError`, after which the same call may be made again. */
export interface CaseStore {
  /** The current case of each conversation and the event stored under this id, as far as they exist; may lag behind `append`. */
  look(
    keys: readonly { readonly conversation: Conversation; readonly eventId: string }[],
  ): Promise<readonly { readonly current: Case | undefined; readonly known: StoredEvent | undefined }[]>;
  /** The current case of a conversation, never stale. */
  current(conversation: Conversation): Promise<Case | undefined>;
  /** A case by its id, open or long resolved, never stale. */
  find(caseId: string): Promise<Case | undefined>;
  /** The stored events under these ids in a thread, never stale. */
  events(
    keys: readonly { readonly thread: Thread; readonly eventId: string }[],
  ): Promise<readonly (StoredEvent | undefined)[]>;
  /** The same for events that are known to be stored: they do not change but by losing their words, so this may lag behind an erasure. */
  knownEvents(
    keys: readonly { readonly thread: Thread; readonly eventId: string }[],
  ): Promise<readonly (StoredEvent | undefined)[]>;
  /** The stored events of a thread whose id begins like this (400 characters at most), never stale. */
  eventsNamed(thread: Thread, idPrefix: string): Promise<readonly StoredEvent[]>;
  /** Writes the event and the case together, or nothing. */
  append(change: CaseChange): Promise<WriteResult>;
  /** All events of a case in the order of the versions that they made. */
  history(subject: Case): Promise<readonly StoredEvent[]>;
  /** Whether it is settled that people hear of what these events called for: told, or kept to be told. Never stale. */
  wereTold(keys: readonly { readonly thread: Thread; readonly eventId: string }[]): Promise<readonly boolean[]>;
  /** Notes that it is. */
  markTold(keys: readonly { readonly thread: Thread; readonly eventId: string }[]): Promise<void>;
  /** Keeps notices until people were told; the same one twice is kept once. */
  keepNotices(notices: readonly KeptNotice[]): Promise<void>;
  /** The notices that are kept, oldest first, as many as one look takes; never stale. */
  keptNotices(): Promise<readonly KeptNotice[]>;
  /** Forgets notices of which people were told. */
  dropNotices(notices: readonly KeptNotice[]): Promise<void>;
  /** Whether nobody has spoken of this in this minute (`YYYY-MM-DDTHH:MM`); says so to one caller only. */
  isFirst(about: string, minute: string): Promise<boolean>;
  /** Keeps an event until its message is stored under `messageEventId`; `arrived` when it already is. */
  wait(thread: Thread, messageEventId: string, waiting: WaitingEvent): Promise<'waiting' | 'arrived'>;
  /** What waits for these messages, never stale. */
  waiting(
    keys: readonly { readonly thread: Thread; readonly messageEventId: string }[],
  ): Promise<readonly (readonly WaitingEvent[])[]>;
  /** Forgets what waited for a message, once it is applied. */
  stopWaiting(thread: Thread, messageEventId: string): Promise<void>;
  /** Timers of the cases whose next promise falls due in this minute (`YYYY-MM-DDTHH:MM`), earliest first; may lag. */
  dueIn(minute: string): Promise<readonly Timer[]>;
  /** Cases whose last message was written on this day (`YYYY-MM-DD`, UTC), latest first: at most `limit`, and with `before` only those behind that place. May lag. */
  heardOn(day: string, limit: number, before?: string): Promise<readonly HeardCase[]>;
  /** Active cases, the most pressing first, at most `limit`; may lag. */
  open(limit: number): Promise<readonly OpenCase[]>;
  /** How many open cases wait for a desk with an agreed backlog, counted to `limit` at most; may lag. */
  waitingFor(desk: string, limit: number): Promise<number>;
  /** What desks kept and broke on these days (`YYYY-MM-DD`, UTC), added up; may lag. */
  records(desks: readonly string[], days: readonly string[]): Promise<Readonly<Record<string, DeskRecord>>>;
  /** Adds to what a desk kept and broke on a day. */
  addToRecord(desk: string, day: string, record: DeskRecord): Promise<void>;
  /** Cases by their ids as far as they exist, in any order; may lag. */
  findAll(caseIds: readonly string[]): Promise<readonly Case[]>;
  /** Notes each case under the person who wrote it; twice changes nothing. Forgotten after 90 days. */
  notePersons(cases: readonly (PersonsCase & { readonly conversation: Conversation })[]): Promise<void>;
  /** What is noted under the author of each conversation, whatever the thread: at most 50 cases, latest first; may lag. */
  casesOfPersons(conversations: readonly Conversation[]): Promise<readonly (readonly PersonsCase[])[]>;
  /** What is kept of the health of each account; may lag. */
  healthOf(accounts: readonly AccountId[]): Promise<readonly (AccountHealth | undefined)[]>;
  /** Keeps the health of accounts, of one account the last. */
  keepHealth(all: readonly { readonly account: AccountId; readonly health: AccountHealth }[]): Promise<void>;
  /** What platforms told of the tokens of their APIs, by the tokens' names; may lag. */
  tokenHealth(): Promise<Readonly<Record<string, TokenHealth>>>;
  keepTokenHealth(all: Readonly<Record<string, TokenHealth>>): Promise<void>;
  checkpoint(): Promise<SweepCheckpoint | undefined>;
  saveCheckpoint(checkpoint: SweepCheckpoint): Promise<void>;
}

/** What is read whole, for reports and operators: nothing that a function does on its way. */
export interface CaseArchive {
  /** All that was ever stored: the events of one thread after the other, each thread whole. Reads the whole table. */
  threads(): AsyncIterable<readonly StoredEvent[]>;
  /** The active cases by their ids, a few at a time; may lag. */
  active(): AsyncIterable<readonly string[]>;
}

export class StoreUnavailableError extends Error {
  override name = 'StoreUnavailableError';
}

export interface QueueEntry {
  readonly queueUrl: string;
  readonly body: string;
  /** Seconds, 0 to 900; standard queues only. */
  readonly delaySeconds?: number;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Puts messages on queues, as few calls as it can; says for each entry whether it is stored. Never rejects. */
export interface QueueSender {
  send(entries: readonly QueueEntry[]): Promise<readonly boolean[]>;
}

/** Lets a queue hand out a message again earlier or later than it would by itself. Best effort; never rejects. */
export interface Redelivery {
  again(
    messages: readonly { readonly queueArn: string; readonly receiptHandle: string; readonly seconds: number }[],
  ): Promise<void>;
}

/** Messages on a queue, roughly: to be received, now or after their delay, and received but not yet deleted. */
export interface QueueDepth {
  readonly waiting: number;
  readonly inFlight: number;
}

/** How full queues are; `undefined` for one that could not be asked. Never rejects. */
export interface QueueDepths {
  of(queueUrls: readonly string[]): Promise<readonly (QueueDepth | undefined)[]>;
}

/** Something that people must hear of. */
export interface Notice {
  readonly subject: string;
  /** For machines that subscribe: JSON. */
  readonly body: string;
  /** For people, in a few sentences. */
  readonly words: string;
}

/** Tells people; says for each notice whether it is out. Never rejects. */
export interface EscalationTopic {
  publish(notices: readonly Notice[]): Promise<readonly boolean[]>;
}

/** A text and its language (ISO 639-1). */
export interface TextInLanguage {
  readonly text: string;
  readonly language: string;
}

/** `unavailable`: not now, perhaps later. `unanswerable`: never, for this text. */
export type Answer<Verdict> = Verdict | 'unavailable' | 'unanswerable';

/** Reads texts of some languages (ISO 639-1); an answer for each. Never rejects. */
export interface Reading<Verdict> {
  readonly languages: ReadonlySet<string>;
  read(texts: readonly TextInLanguage[]): Promise<readonly Answer<Verdict>[]>;
}

/** What a service reads in texts beyond our own lists. */
export interface TextAnalyser {
  readonly sentiment: Reading<Sentiment>;
  /** Personal data that our own patterns leave, and theirs. */
  readonly personalData: Reading<readonly Finding[]>;
  /** How abusive the words are, 0 to 1. */
  readonly toxicity: Reading<number>;
  /** The classes of a classifier that the brand has trained, if it has. */
  readonly classes: Reading<readonly TextClass[]> | undefined;
}

/** What decides now. The same object until another policy is in force; rejects only while there has never been a usable one. */
export interface PolicySource {
  current(): Promise<Policy>;
}

/** What a platform's API says of a message that came without its words. */
export type FetchedMessage = Pick<InboundEvent, 'text'> &
  Partial<Pick<InboundEvent, 'author' | 'postedAt' | 'language' | 'attachments' | 'permalink' | 'rating'>> & {
    /** When the brand answered it on the platform, if it has (ISO 8601 UTC). */
    readonly answeredAt?: string;
  };

/**
 * `found`; `gone`: the author has removed it; `later`: the API is down, slow or has had enough of us; `refused`: it will not say, whoever asks
 * again; `no_access`: nobody has entered a token for this account.
 */
export type FetchResult =
  | { readonly kind: 'found'; readonly message: FetchedMessage }
  | { readonly kind: 'gone' }
  | { readonly kind: 'later'; readonly because: string }
  | { readonly kind: 'refused'; readonly because: string }
  | { readonly kind: 'no_access' };

/** Asks the platforms for the words of messages whose webhook had none (`fetch_needed`). Never rejects. */
export interface MessageFetcher {
  fetch(event: InboundEvent): Promise<FetchResult>;
}

/** Instants (ISO 8601 UTC): what was written after the one and up to the other. */
export interface Span {
  readonly since: string;
  readonly until: string;
}

/**
 * `read`: what was written in the span, as far as the platform tells; `cut`: there was more, older than what was read; `undated`: so many messages came without
 * a time and are not among them, for old ones would come again each time. `later` and `refused` as in
 * `FetchResult`. `pauseSeconds`: so long the platform is to be left alone.
 */
export type PullResult = (
  | {
      readonly kind: 'read';
      readonly events: readonly InboundEvent[];
      readonly cut: boolean;
      readonly undated?: number;
    }
  | { readonly kind: 'later'; readonly because: string }
  | { readonly kind: 'refused'; readonly because: string }
) & { readonly pauseSeconds?: number };

/** Asks platforms what was written on an account. */
export interface MessagePuller {
  /** Those for which somebody has entered a token; rejects when the tokens cannot be read. */
  accessible(accounts: readonly AccountId[]): Promise<readonly AccountId[]>;
  /** What was written in the span, the latest first, with so many calls at most. Never rejects. */
  pull(account: AccountId, span: Span, calls: number): Promise<PullResult>;
}

/** A token that somebody has entered: its platform and, where it is one account's, the account's id behind it (`meta 100200300`). */
export interface ApiToken {
  readonly name: string;
  /** Changes with the token and gives nothing of it away. */
  readonly fingerprint: string;
}

/** `untold`: the platform does not say. `later`: it could not be asked now. */
export type TokenAnswer =
  | { readonly kind: 'valid'; readonly endsAt: string | undefined }
  | { readonly kind: 'ended' | 'untold' | 'later' };

/** Asks platforms how long the tokens of their APIs hold. */
export interface TokenChecker {
  /** Those that can be asked about; rejects when the tokens cannot be read. */
  entered(): Promise<readonly ApiToken[]>;
  /** Never rejects. */
  ask(name: string): Promise<TokenAnswer>;
}

/** How far each account is read, and who is reading it. Both methods may reject. */
export interface PollCheckpoints {
  /** Holds the account until an instant, or answers `undefined` where it is held (by another run, or at its platform's wish). */
  take(
    account: AccountId,
    hold: { readonly at: string; readonly until: string },
  ): Promise<{ readonly readThrough?: string } | undefined>;
  /** Ends what `take` held, if nobody else has taken it since; it is not to be taken again before an instant. */
  release(
    account: AccountId,
    end: { readonly held: string; readonly readThrough: string | undefined; readonly notBefore: string },
  ): Promise<void>;
}

/** The platforms' secrets. Both methods reject when the vault cannot be reached or holds nonsense. */
export interface SecretVault {
  secretsOf(platform: string): Promise<PlatformSecrets>;
  /** Freshly read, for a signature that failed: a secret may just have been rotated. `undefined` when asked too often. */
  newerSecretsOf(platform: string): Promise<PlatformSecrets | undefined>;
}
