import {
  backlogKeys,
  currentKey,
  eventKey,
  firstKey,
  fromHeardAt,
  fromOpenBy,
  healthKey,
  heardKeys,
  type Key,
  keysOfCase,
  noticeKey,
  openKeys,
  personKey,
  resolvedKey,
  toldKey,
  waitingKey,
} from '../../shared/adapters/case-keys.ts';
import type { Timer } from '../../shared/contracts/timer.ts';
import type { AccountHealth } from '../../shared/domain/account-health.ts';
import type { Case, Conversation } from '../../shared/domain/case.ts';
import { nextDue } from '../../shared/domain/case-clocks.ts';
import { partitionOf } from '../../shared/domain/case-ids.ts';
import { minuteOf } from '../../shared/domain/due.ts';
import type { TokenHealth } from '../../shared/domain/token-health.ts';
import {
  type AccountId,
  type CaseArchive,
  type CaseChange,
  type CaseStore,
  type DeskRecord,
  type HeardCase,
  type KeptNotice,
  type OpenCase,
  type PersonsCase,
  type StoredEvent,
  StoreUnavailableError,
  type SweepCheckpoint,
  type Thread,
  type WaitingEvent,
  type WriteResult,
} from '../../shared/ports.ts';

/** A case store in memory that keeps the promises of the real one; `fail` makes chosen calls fail as an unreachable table does. */
export class MemoryCaseStore implements CaseStore, CaseArchive {
  /** Asked before each call with the method's name; `true` makes the call fail before it does anything. */
  fail: (method: string) => boolean = () => false;
  readonly #events = new Map<string, StoredEvent>();
  readonly #cases = new Map<string, Case>();
  readonly #waiting = new Map<string, WaitingEvent[]>();
  readonly #told = new Set<string>();
  readonly #notices = new Map<string, KeptNotice>();
  readonly #spoken = new Set<string>();
  readonly #records = new Map<string, DeskRecord>();
  readonly #persons = new Map<string, { readonly pk: string; readonly noted: PersonsCase }>();
  readonly #health = new Map<string, AccountHealth>();
  #tokens: Readonly<Record<string, TokenHealth>> = {};
  #checkpoint: SweepCheckpoint | undefined;

  async look(keys: readonly { readonly conversation: Conversation; readonly eventId: string }[]) {
    this.#reach('look');
    return keys.map(({ conversation, eventId }) => ({
      current: this.#cases.get(textOf(currentKey(conversation))),
      known: this.#events.get(textOf(eventKey(conversation, eventId))),
    }));
  }

  async current(conversation: Conversation): Promise<Case | undefined> {
    this.#reach('current');
    return this.#cases.get(textOf(currentKey(conversation)));
  }

  async find(caseId: string): Promise<Case | undefined> {
    this.#reach('find');
    const keys = keysOfCase(caseId);
    if (keys === undefined) return undefined;
    const current = this.#cases.get(textOf(keys.current));
    return current === undefined || current.id === caseId ? current : this.#cases.get(textOf(keys.resolved));
  }

  async events(keys: readonly { readonly thread: Thread; readonly eventId: string }[]) {
    this.#reach('events');
    return keys.map(({ thread, eventId }) => this.#events.get(textOf(eventKey(thread, eventId))));
  }

  knownEvents(keys: readonly { readonly thread: Thread; readonly eventId: string }[]) {
    return this.events(keys);
  }

  async eventsNamed(thread: Thread, idPrefix: string): Promise<readonly StoredEvent[]> {
    this.#reach('eventsNamed');
    const prefix = textOf(eventKey(thread, idPrefix));
    return [...this.#events].flatMap(([key, stored]) => (key.startsWith(prefix) ? [stored] : []));
  }

  async append({ stored, before, after, closes, erases }: CaseChange): Promise<WriteResult> {
    this.#reach('append');
    const event = textOf(eventKey(stored.conversation, stored.event.id));
    const known = this.#events.get(event);
    if (known !== undefined) return { kind: 'known', stored: known };
    const head = textOf(currentKey(after.conversation));
    const current = this.#cases.get(head);
    if (current?.version !== before?.version || current?.id !== before?.id) return { kind: 'moved' };
    this.#events.set(event, structuredClone(stored));
    this.#cases.set(head, structuredClone(after));
    if (closes !== undefined) this.#cases.set(textOf(resolvedKey(closes)), closes);
    for (const eventId of erases) {
      const key = textOf(eventKey(stored.conversation, eventId));
      const erased = this.#events.get(key);
      if (erased !== undefined) this.#events.set(key, { ...erased, text: '' });
    }
    return { kind: 'written' };
  }

  async history(subject: Case): Promise<readonly StoredEvent[]> {
    this.#reach('history');
    return [...this.#events.values()]
      .filter(({ caseId }) => caseId === subject.id)
      .sort((a, b) => a.version - b.version);
  }

  async *threads(): AsyncGenerator<readonly StoredEvent[]> {
    this.#reach('threads');
    yield* Map.groupBy(this.#events.values(), ({ conversation }) => partitionOf(conversation)).values();
  }

  async *active(): AsyncGenerator<readonly string[]> {
    for (const subject of this.#cases.values()) if (openKeys(subject) !== undefined) yield [subject.id];
  }

  async wereTold(keys: readonly { readonly thread: Thread; readonly eventId: string }[]) {
    this.#reach('wereTold');
    return keys.map(({ thread, eventId }) => this.#told.has(textOf(toldKey(thread, eventId))));
  }

  async markTold(keys: readonly { readonly thread: Thread; readonly eventId: string }[]): Promise<void> {
    this.#reach('markTold');
    for (const { thread, eventId } of keys) this.#told.add(textOf(toldKey(thread, eventId)));
  }

  async keepNotices(notices: readonly KeptNotice[]): Promise<void> {
    this.#reach('keepNotices');
    for (const kept of notices) this.#notices.set(textOf(noticeKey(kept)), kept);
  }

  async keptNotices(): Promise<readonly KeptNotice[]> {
    this.#reach('keptNotices');
    return [...this.#notices.values()].sort((a, b) => (a.since < b.since ? -1 : 1));
  }

  async dropNotices(notices: readonly KeptNotice[]): Promise<void> {
    this.#reach('dropNotices');
    for (const kept of notices) this.#notices.delete(textOf(noticeKey(kept)));
  }

  async isFirst(about: string, minute: string): Promise<boolean> {
    this.#reach('isFirst');
    const key = textOf(firstKey(about, minute));
    const first = !this.#spoken.has(key);
    this.#spoken.add(key);
    return first;
  }

  async wait(thread: Thread, messageEventId: string, waiting: WaitingEvent): Promise<'waiting' | 'arrived'> {
    this.#reach('wait');
    if (this.#events.has(textOf(eventKey(thread, messageEventId)))) return 'arrived';
    const key = textOf(waitingKey(thread, messageEventId));
    const others = (this.#waiting.get(key) ?? []).filter((one) => JSON.stringify(one) !== JSON.stringify(waiting));
    this.#waiting.set(key, [...others, waiting]);
    return 'waiting';
  }

  async waiting(keys: readonly { readonly thread: Thread; readonly messageEventId: string }[]) {
    this.#reach('waiting');
    return keys.map(
      ({ thread, messageEventId }) => this.#waiting.get(textOf(waitingKey(thread, messageEventId))) ?? [],
    );
  }

  async stopWaiting(thread: Thread, messageEventId: string): Promise<void> {
    this.#reach('stopWaiting');
    this.#waiting.delete(textOf(waitingKey(thread, messageEventId)));
  }

  async dueIn(minute: string): Promise<readonly Timer[]> {
    this.#reach('dueIn');
    return [...this.#cases.entries()]
      .flatMap(([key, subject]) => {
        const next = nextDue(subject);
        const due = next !== undefined && minuteOf(next.dueAt) === minute;
        return due && key === textOf(currentKey(subject.conversation)) ? [{ caseId: subject.id, ...next }] : [];
      })
      .sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
  }

  async heardOn(day: string, limit: number, before = '~'): Promise<readonly HeardCase[]> {
    this.#reach('heardOn');
    return [...this.#cases.values()]
      .flatMap((subject) => heardKeys(subject) ?? [])
      .filter(({ heardBucket, heardAt }) => heardBucket.startsWith(day) && heardAt < before)
      .map(({ heardAt }) => heardAt)
      .sort((a, b) => (a > b ? -1 : 1))
      .slice(0, limit)
      .map(fromHeardAt);
  }

  async healthOf(accounts: readonly AccountId[]): Promise<readonly (AccountHealth | undefined)[]> {
    this.#reach('healthOf');
    return accounts.map((account) => this.#health.get(textOf(healthKey(account))));
  }

  async keepHealth(all: readonly { readonly account: AccountId; readonly health: AccountHealth }[]): Promise<void> {
    this.#reach('keepHealth');
    for (const { account, health } of all) this.#health.set(textOf(healthKey(account)), health);
  }

  async tokenHealth(): Promise<Readonly<Record<string, TokenHealth>>> {
    this.#reach('tokenHealth');
    return this.#tokens;
  }

  async keepTokenHealth(all: Readonly<Record<string, TokenHealth>>): Promise<void> {
    this.#reach('keepTokenHealth');
    this.#tokens = all;
  }

  async open(limit: number): Promise<readonly OpenCase[]> {
    this.#reach('open');
    return [...this.#cases.entries()]
      .flatMap(([key, subject]) => (key === textOf(currentKey(subject.conversation)) ? (openKeys(subject) ?? []) : []))
      .map(({ openBy }) => openBy)
      .sort()
      .slice(0, limit)
      .map(fromOpenBy);
  }

  async waitingFor(desk: string, limit: number): Promise<number> {
    this.#reach('waitingFor');
    const waiting = [...this.#cases.values()].filter((subject) => backlogKeys(subject)?.backlogDesk === desk);
    return Math.min(limit, waiting.length);
  }

  async records(desks: readonly string[], days: readonly string[]): Promise<Readonly<Record<string, DeskRecord>>> {
    this.#reach('records');
    const sumOf = (desk: string, what: 'kept' | 'broken') =>
      days.reduce((sum, day) => sum + (this.#records.get(`${desk} ${day}`)?.[what] ?? 0), 0);
    return Object.fromEntries(
      desks.map((desk) => [desk, { kept: sumOf(desk, 'kept'), broken: sumOf(desk, 'broken') }]),
    );
  }

  async addToRecord(desk: string, day: string, { kept, broken }: DeskRecord): Promise<void> {
    this.#reach('addToRecord');
    const { kept: keptBefore, broken: brokenBefore } = this.#records.get(`${desk} ${day}`) ?? { kept: 0, broken: 0 };
    this.#records.set(`${desk} ${day}`, { kept: keptBefore + kept, broken: brokenBefore + broken });
  }

  async findAll(caseIds: readonly string[]): Promise<readonly Case[]> {
    this.#reach('findAll');
    return [...this.#cases.values()].filter(({ id }) => caseIds.includes(id));
  }

  async notePersons(cases: readonly (PersonsCase & { readonly conversation: Conversation })[]): Promise<void> {
    this.#reach('notePersons');
    for (const { conversation, ...noted } of cases) {
      const key = personKey(conversation, noted.caseId);
      this.#persons.set(textOf(key), { pk: key.pk, noted });
    }
  }

  async casesOfPersons(conversations: readonly Conversation[]) {
    this.#reach('casesOfPersons');
    return conversations.map((conversation) =>
      [...this.#persons.values()]
        .flatMap(({ pk, noted }) => (pk === personKey(conversation, '').pk ? [noted] : []))
        .sort((a, b) => (a.at > b.at ? -1 : 1)),
    );
  }

  async checkpoint(): Promise<SweepCheckpoint | undefined> {
    this.#reach('checkpoint');
    return this.#checkpoint;
  }

  async saveCheckpoint(checkpoint: SweepCheckpoint): Promise<void> {
    this.#reach('saveCheckpoint');
    this.#checkpoint = checkpoint;
  }

  /** All that is kept, in an order that does not depend on when it came. */
  contents() {
    const byKey = <Value>(entries: Iterable<[string, Value]>): Value[] =>
      [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
    return {
      cases: byKey(this.#cases),
      events: byKey(this.#events),
      waiting: byKey(this.#waiting),
      persons: byKey(this.#persons),
      notices: byKey(this.#notices),
      checkpoint: this.#checkpoint,
    };
  }

  #reach(method: string): void {
    if (this.fail(method)) throw new StoreUnavailableError(`${method} failed as asked`);
  }
}

function textOf({ pk, sk }: Key): string {
  return `${pk} ${sk}`;
}
