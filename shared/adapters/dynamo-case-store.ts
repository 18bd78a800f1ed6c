import { setImmediate } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { escalationNoticeSchema } from '../contracts/desk-message.ts';
import type { Timer } from '../contracts/timer.ts';
import { type AccountHealth, accountHealthSchema } from '../domain/account-health.ts';
import {
  type Case,
  type Conversation,
  caseEventSchema,
  caseSchema,
  conversationSchema,
  effectSchema,
} from '../domain/case.ts';
import { inboundEventSchema } from '../domain/inbound-event.ts';
import { type TokenHealth, tokenHealthSchema } from '../domain/token-health.ts';
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
} from '../ports.ts';
import { inGroups } from '../runtime/groups.ts';
import {
  backlogKeys,
  checkpointKey,
  currentKey,
  dueBuckets,
  dueKeys,
  eventKey,
  firstKey,
  fromHeardAt,
  fromOpenBy,
  healthKey,
  heardBuckets,
  heardKeys,
  type Key,
  keysOfCase,
  noticeBuckets,
  noticeKey,
  openBuckets,
  openKeys,
  personKey,
  recordKey,
  resolvedKey,
  timerFromDueAt,
  tokensKey,
  toldKey,
  waitingKey,
} from './case-keys.ts';
import { packJson, unpackJson } from './packed-json.ts';

export type Item = Record<string, AttributeValue>;
/** What one change writes: the event first, then the case. */
type Writes = readonly TransactWriteItem[];
type QueryInput = Omit<ConstructorParameters<typeof QueryCommand>[0], 'TableName'>;

const listedBy = {
  heard: { bucket: 'heardBucket', sort: 'heardAt', forward: false },
  open: { bucket: 'openBucket', sort: 'openBy', forward: true },
} as const;

const storedBodySchema = z.object({
  caseId: z.string(),
  version: z.number().int(),
  conversation: conversationSchema,
  event: caseEventSchema,
  effects: z.array(effectSchema),
});
export const waitingSchema = z.object({ receivedAt: z.iso.datetime(), event: inboundEventSchema });
const tokensSchema = z.record(z.string(), tokenHealthSchema);
const checkpointSchema = z.object({ clearedThrough: z.string(), sentThrough: z.string() });

/** So long a person's cases are remembered, and so many of them are read. */
const personSeconds = 90 * 24 * 3600;
const casesOfPerson = 50;

/** A transaction takes 100 items, and a call costs the SDK as much time as all that is in it. */
const changesTogether = 10;
/** BatchGetItem takes 100 keys. */
const keysPerBatch = 100;
/** A record whose sends failed may come again for as long as a dead-letter queue keeps it. */
const toldSeconds = 14 * 24 * 3600;
/** Events that wait for a message nobody ever sends are dropped by the table after this time. */
const waitingSeconds = 7 * 24 * 3600;

/** BatchWriteItem takes 25 writes. */
const writesPerBatch = 25;
/** Nobody asks who spoke first in a minute that is long past. */
const firstSeconds = 3600;
/** A desk's record of a day counts until the day after. */
const recordSeconds = 3 * 24 * 3600;

/** Cases in one DynamoDB table; the keys are in `case-keys.ts`. */
export class DynamoCaseStore implements CaseStore, CaseArchive {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  /** What is asked for in this turn of the event loop. */
  readonly #asked: {
    [Reading in 'consistent' | 'eventual']?: {
      readonly keys: Map<string, Key>;
      readonly items: Promise<ReadonlyMap<string, Item>>;
    };
  } = {};

  /** What is to be written in this turn of the event loop. */
  #appending: { readonly changes: Writes[]; readonly results: Promise<readonly Promise<WriteResult>[]> } | undefined;

  constructor(client: DynamoDBClient, config: { readonly tableName: string }) {
    this.#client = client;
    this.#table = config.tableName;
  }

  async look(
    keys: readonly { readonly conversation: Conversation; readonly eventId: string }[],
  ): Promise<readonly { readonly current: Case | undefined; readonly known: StoredEvent | undefined }[]> {
    const items = await this.#getAll(
      keys.flatMap(({ conversation, eventId }) => [currentKey(conversation), eventKey(conversation, eventId)]),
      false,
    );
    return keys.map(({ conversation, eventId }) => ({
      current: toCase(items.get(textOf(currentKey(conversation)))),
      known: toStoredEvent(items.get(textOf(eventKey(conversation, eventId)))),
    }));
  }

  async current(conversation: Conversation): Promise<Case | undefined> {
    return toCase(await this.#get(currentKey(conversation)));
  }

  async find(caseId: string): Promise<Case | undefined> {
    const keys = keysOfCase(caseId);
    if (keys === undefined) return undefined;
    const current = toCase(await this.#get(keys.current));
    return current === undefined || current.id === caseId ? current : toCase(await this.#get(keys.resolved));
  }

  async events(
    keys: readonly { readonly thread: Thread; readonly eventId: string }[],
  ): Promise<readonly (StoredEvent | undefined)[]> {
    const items = await this.#getAll(
      keys.map(({ thread, eventId }) => eventKey(thread, eventId)),
      true,
    );
    return keys.map(({ thread, eventId }) => toStoredEvent(items.get(textOf(eventKey(thread, eventId)))));
  }

  async knownEvents(
    keys: readonly { readonly thread: Thread; readonly eventId: string }[],
  ): Promise<readonly (StoredEvent | undefined)[]> {
    const sought = keys.map(({ thread, eventId }) => eventKey(thread, eventId));
    // At half the price of a consistent read, which only what has not come round yet is worth.
    const found = await this.#getAll(sought, false);
    const late = sought.filter((key) => !found.has(textOf(key)));
    const items = new Map([...found, ...(await this.#getAll(late, true))]);
    return sought.map((key) => toStoredEvent(items.get(textOf(key))));
  }

  async eventsNamed(thread: Thread, idPrefix: string): Promise<readonly StoredEvent[]> {
    const { pk, sk } = eventKey(thread, idPrefix);
    return this.#eventsWhere({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :named)',
      ExpressionAttributeValues: { ':pk': { S: pk }, ':named': { S: sk } },
    });
  }

  /** Changes of one turn of the event loop are written together, as `#getAll` reads; of those that one transaction refuses, each is tried alone. */
  async append(change: CaseChange): Promise<WriteResult> {
    const next = this.#appending ?? { changes: [], results: this.#appendSoon() };
    this.#appending = next;
    const index = next.changes.push([
      this.#putEvent(change.stored),
      this.#putCase(change),
      ...this.#sideWrites(change),
    ]);
    const result = (await next.results)[index - 1];
    if (result === undefined) throw new Error('a change was left out');
    return result;
  }

  async #appendSoon(): Promise<readonly Promise<WriteResult>[]> {
    await setImmediate();
    const { changes = [] } = this.#appending ?? {};
    this.#appending = undefined;
    const results = new Map(groupsOf(changes).flatMap((group) => this.#writeTogether(group)));
    return changes.flatMap((writes) => results.get(writes) ?? []);
  }

  #writeTogether(group: readonly Writes[]): [Writes, Promise<WriteResult>][] {
    const together = group.length > 1 ? this.#transact(group.flat()) : Promise.resolve(false);
    return group.map((writes) => [
      writes,
      together.then((written): WriteResult | Promise<WriteResult> =>
        written ? { kind: 'written' } : this.#write(writes),
      ),
    ]);
  }

  /** Whether all is written; if not, nothing is. */
  async #transact(writes: Writes): Promise<boolean> {
    try {
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems: [...writes] }));
      return true;
    } catch (error) {
      // Wrong as a whole, as when they are too large together, they may be right one by one.
      if (error instanceof TransactionCanceledException || unavailable(error) === error) return false;
      throw unavailable(error);
    }
  }

  async #write(writes: Writes): Promise<WriteResult> {
    try {
      await this.#client.send(new TransactWriteItemsCommand({ TransactItems: [...writes] }));
      return { kind: 'written' };
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw unavailable(error);
      const [event, head] = error.CancellationReasons ?? [];
      if (event?.Code === 'ConditionalCheckFailed') {
        const stored = toStoredEvent(event.Item);
        if (stored !== undefined) return { kind: 'known', stored };
      }
      if (head?.Code === 'ConditionalCheckFailed') return { kind: 'moved' };
      if (error.CancellationReasons?.some((reason) => reason.Code === 'TransactionConflict')) return { kind: 'moved' };
      throw unavailable(error);
    }
  }

  async history(subject: Case): Promise<readonly StoredEvent[]> {
    const found = await this.#eventsWhere({
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :events)',
      FilterExpression: 'caseId = :caseId',
      ExpressionAttributeValues: {
        ':pk': { S: currentKey(subject.conversation).pk },
        ':events': { S: 'E#' },
        ':caseId': { S: subject.id },
      },
    });
    return found.sort((a, b) => a.version - b.version);
  }

  async *threads(): AsyncGenerator<readonly StoredEvent[]> {
    // A scan gives a partition's items one after the other, over as many pages as it takes.
    let thread: { readonly pk: string | undefined; readonly events: StoredEvent[] } = { pk: undefined, events: [] };
    let from: Item | undefined;
    do {
      const { Items = [], LastEvaluatedKey } = await reached(
        this.#client.send(
          new ScanCommand({
            TableName: this.#table,
            FilterExpression: 'begins_with(sk, :events)',
            ExpressionAttributeValues: { ':events': { S: 'E#' } },
            ...(from === undefined ? {} : { ExclusiveStartKey: from }),
          }),
        ),
      );
      for (const item of Items) {
        if (item['pk']?.S !== thread.pk) {
          if (thread.events.length > 0) yield thread.events;
          thread = { pk: item['pk']?.S, events: [] };
        }
        thread.events.push(...[toStoredEvent(item)].filter((stored) => stored !== undefined));
      }
      from = LastEvaluatedKey;
    } while (from !== undefined);
    if (thread.events.length > 0) yield thread.events;
  }

  async *active(): AsyncGenerator<readonly string[]> {
    for (const bucket of openBuckets) {
      let from: Item | undefined;
      do {
        const page = await this.#query({
          IndexName: 'open',
          KeyConditionExpression: 'openBucket = :bucket',
          ExpressionAttributeValues: { ':bucket': { S: bucket } },
          Limit: keysPerBatch,
          ...(from === undefined ? {} : { ExclusiveStartKey: from }),
        });
        yield page.items.flatMap((item) =>
          item['openBy']?.S === undefined ? [] : [fromOpenBy(item['openBy'].S).caseId],
        );
        from = page.next;
      } while (from !== undefined);
    }
  }

  async wereTold(keys: readonly { readonly thread: Thread; readonly eventId: string }[]): Promise<readonly boolean[]> {
    const told = keys.map(({ thread, eventId }) => toldKey(thread, eventId));
    const items = await this.#getAll(told, true);
    return told.map((key) => items.has(textOf(key)));
  }

  async markTold(keys: readonly { readonly thread: Thread; readonly eventId: string }[]): Promise<void> {
    const expiresAt = { N: String(Math.floor(Date.now() / 1000) + toldSeconds) };
    await this.#writeAll(
      keys.map(({ thread, eventId }) => ({
        PutRequest: { Item: { ...keyItem(toldKey(thread, eventId)), expiresAt } },
      })),
    );
  }

  async keepNotices(notices: readonly KeptNotice[]): Promise<void> {
    await this.#writeAll(
      notices.map((kept) => ({
        PutRequest: {
          Item: { ...keyItem(noticeKey(kept)), since: { S: kept.since }, notice: { B: packJson(kept.notice) } },
        },
      })),
    );
  }

  async keptNotices(): Promise<readonly KeptNotice[]> {
    const pages = await Promise.all(
      noticeBuckets.map((bucket) =>
        this.#query({
          KeyConditionExpression: 'pk = :bucket',
          ExpressionAttributeValues: { ':bucket': { S: bucket } },
          ConsistentRead: true,
        }),
      ),
    );
    return pages
      .flatMap(({ items }) =>
        items.flatMap(({ since, notice }) =>
          since?.S === undefined || notice?.B === undefined
            ? []
            : [{ since: since.S, notice: escalationNoticeSchema.parse(unpackJson(notice.B)) }],
        ),
      )
      .sort((a, b) => (a.since < b.since ? -1 : 1));
  }

  async dropNotices(notices: readonly KeptNotice[]): Promise<void> {
    await this.#writeAll(notices.map((kept) => ({ DeleteRequest: { Key: keyItem(noticeKey(kept)) } })));
  }

  async isFirst(about: string, minute: string): Promise<boolean> {
    const expiresAt = { N: String(Date.parse(`${minute}:00.000Z`) / 1000 + firstSeconds) };
    const Item = { ...keyItem(firstKey(about, minute)), expiresAt };
    try {
      const ConditionExpression = 'attribute_not_exists(pk)';
      await this.#client.send(new PutItemCommand({ TableName: this.#table, Item, ConditionExpression }));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw unavailable(error);
    }
  }

  async wait(thread: Thread, messageEventId: string, waiting: WaitingEvent): Promise<'waiting' | 'arrived'> {
    const key = waitingKey(thread, messageEventId);
    const expiresAt = Math.floor(Date.parse(waiting.receivedAt) / 1000) + waitingSeconds;
    try {
      await this.#client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            {
              ConditionCheck: {
                TableName: this.#table,
                Key: keyItem(eventKey(thread, messageEventId)),
                ConditionExpression: 'attribute_not_exists(pk)',
              },
            },
            {
              Update: {
                TableName: this.#table,
                Key: keyItem(key),
                UpdateExpression: 'ADD waiting :event SET expiresAt = :expiresAt',
                ExpressionAttributeValues: {
                  ':event': { SS: [JSON.stringify(waiting)] },
                  ':expiresAt': { N: String(expiresAt) },
                },
              },
            },
          ],
        }),
      );
      return 'waiting';
    } catch (error) {
      if (error instanceof TransactionCanceledException) {
        if (error.CancellationReasons?.[0]?.Code === 'ConditionalCheckFailed') return 'arrived';
      }
      throw unavailable(error);
    }
  }

  async waiting(
    keys: readonly { readonly thread: Thread; readonly messageEventId: string }[],
  ): Promise<readonly (readonly WaitingEvent[])[]> {
    const items = await this.#getAll(
      keys.map(({ thread, messageEventId }) => waitingKey(thread, messageEventId)),
      true,
    );
    return keys.map(({ thread, messageEventId }) =>
      (items.get(textOf(waitingKey(thread, messageEventId)))?.['waiting']?.SS ?? []).map((text) =>
        waitingSchema.parse(JSON.parse(text)),
      ),
    );
  }

  async stopWaiting(thread: Thread, messageEventId: string): Promise<void> {
    await reached(
      this.#client.send(
        new DeleteItemCommand({ TableName: this.#table, Key: keyItem(waitingKey(thread, messageEventId)) }),
      ),
    );
  }

  async dueIn(minute: string): Promise<readonly Timer[]> {
    const shards = await Promise.all(dueBuckets(minute).map((bucket) => this.#dueInBucket(bucket)));
    return shards.flat().sort((a, b) => (a.dueAt < b.dueAt ? -1 : 1));
  }

  async heardOn(day: string, limit: number, before?: string): Promise<readonly HeardCase[]> {
    const entries = await this.#listed('heard', heardBuckets(day), limit, before);
    return entries
      .sort((a, b) => (a > b ? -1 : 1))
      .slice(0, limit)
      .map(fromHeardAt);
  }

  async open(limit: number): Promise<readonly OpenCase[]> {
    return (await this.#listed('open', openBuckets, limit)).sort().slice(0, limit).map(fromOpenBy);
  }

  async waitingFor(desk: string, limit: number): Promise<number> {
    const { Count = 0 } = await reached(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          IndexName: 'backlog',
          Select: 'COUNT',
          KeyConditionExpression: 'backlogDesk = :desk',
          ExpressionAttributeValues: { ':desk': { S: desk } },
          // Some 150 bytes an entry: a page holds more than any backlog that is worth agreeing.
          Limit: limit,
        }),
      ),
    );
    return Count;
  }

  async records(desks: readonly string[], days: readonly string[]): Promise<Readonly<Record<string, DeskRecord>>> {
    const items = await this.#getAll(
      desks.flatMap((desk) => days.map((day) => recordKey(desk, day))),
      false,
    );
    const sumOf = (desk: string, what: 'kept' | 'broken') =>
      days.reduce((sum, day) => sum + Number(items.get(textOf(recordKey(desk, day)))?.[what]?.N ?? 0), 0);
    return Object.fromEntries(
      desks.map((desk) => [desk, { kept: sumOf(desk, 'kept'), broken: sumOf(desk, 'broken') }]),
    );
  }

  async addToRecord(desk: string, day: string, { kept, broken }: DeskRecord): Promise<void> {
    await reached(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: keyItem(recordKey(desk, day)),
          UpdateExpression: 'ADD kept :kept, broken :broken SET expiresAt = :expiresAt',
          ExpressionAttributeValues: {
            ':kept': { N: String(kept) },
            ':broken': { N: String(broken) },
            ':expiresAt': { N: String(Date.parse(day) / 1000 + recordSeconds) },
          },
        }),
      ),
    );
  }

  async findAll(caseIds: readonly string[]): Promise<readonly Case[]> {
    const keys = new Map(
      caseIds.flatMap((id) => {
        const found = keysOfCase(id);
        return found === undefined ? [] : [[id, found] as const];
      }),
    );
    const current = await this.#getAll(
      [...keys.values()].map((key) => key.current),
      false,
    );
    const casesAt = (items: ReadonlyMap<string, Item>, at: readonly Key[]) =>
      new Map(at.flatMap((key) => toCase(items.get(textOf(key))) ?? []).map((one) => [one.id, one]));
    const found = casesAt(
      current,
      [...keys.values()].map((key) => key.current),
    );
    const resolved = [...keys].filter(([id]) => !found.has(id)).map(([, key]) => key.resolved);
    const earlier = casesAt(await this.#getAll(resolved, false), resolved);
    return [...keys.keys()].flatMap((id) => found.get(id) ?? earlier.get(id) ?? []);
  }

  async notePersons(cases: readonly (PersonsCase & { readonly conversation: Conversation })[]): Promise<void> {
    const puts = cases.map(({ conversation, caseId, at, public: isPublic }): WriteRequest => {
      const expiresAt = Math.floor(Date.parse(at) / 1000) + personSeconds;
      const facts = { at: { S: at }, public: { BOOL: isPublic }, expiresAt: { N: String(expiresAt) } };
      return { PutRequest: { Item: { ...keyItem(personKey(conversation, caseId)), ...facts } } };
    });
    await this.#writeAll(puts);
  }

  async casesOfPersons(conversations: readonly Conversation[]): Promise<readonly (readonly PersonsCase[])[]> {
    const pages = await Promise.all(
      conversations.map((conversation) =>
        this.#query({
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': { S: personKey(conversation, '').pk } },
          Limit: casesOfPerson,
        }),
      ),
    );
    return pages.map(({ items }) => items.map(toPersonsCase).sort((a, b) => (a.at > b.at ? -1 : 1)));
  }

  async healthOf(accounts: readonly AccountId[]): Promise<readonly (AccountHealth | undefined)[]> {
    const keys = accounts.map(healthKey);
    const items = await this.#getAll(keys, false);
    return keys.map((key) => {
      const body = items.get(textOf(key))?.['body']?.B;
      return body === undefined ? undefined : accountHealthSchema.parse(unpackJson(body));
    });
  }

  async keepHealth(all: readonly { readonly account: AccountId; readonly health: AccountHealth }[]): Promise<void> {
    await this.#writeAll(
      all.map(({ account, health }) => ({
        PutRequest: { Item: { ...keyItem(healthKey(account)), body: { B: packJson(health) } } },
      })),
    );
  }

  async tokenHealth(): Promise<Readonly<Record<string, TokenHealth>>> {
    const body = (await this.#getAll([tokensKey], false)).get(textOf(tokensKey))?.['body']?.B;
    return body === undefined ? {} : tokensSchema.parse(unpackJson(body));
  }

  async keepTokenHealth(all: Readonly<Record<string, TokenHealth>>): Promise<void> {
    await this.#writeAll([{ PutRequest: { Item: { ...keyItem(tokensKey), body: { B: packJson(all) } } } }]);
  }

  async checkpoint(): Promise<SweepCheckpoint | undefined> {
    const item = await this.#get(checkpointKey);
    return item === undefined
      ? undefined
      : checkpointSchema.parse({ clearedThrough: item['clearedThrough']?.S, sentThrough: item['sentThrough']?.S });
  }

  async saveCheckpoint(checkpoint: SweepCheckpoint): Promise<void> {
    await reached(
      this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: {
            ...keyItem(checkpointKey),
            clearedThrough: { S: checkpoint.clearedThrough },
            sentThrough: { S: checkpoint.sentThrough },
          },
        }),
      ),
    );
  }

  #putEvent({ event, text, ...body }: StoredEvent): TransactWriteItem {
    return {
      Put: {
        TableName: this.#table,
        Item: {
          ...keyItem(eventKey(body.conversation, event.id)),
          caseId: { S: body.caseId },
          body: { B: packJson({ ...body, event }) },
          ...(text === '' ? {} : { text: { S: text } }),
        },
        ConditionExpression: 'attribute_not_exists(pk)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      },
    };
  }

  #putCase({ before, after }: CaseChange): TransactWriteItem {
    return {
      Put: {
        TableName: this.#table,
        Item: {
          ...keyItem(currentKey(after.conversation)),
          body: { B: packJson(after) },
          caseId: { S: after.id },
          version: { N: String(after.version) },
          ...attributes(dueKeys(after)),
          ...attributes(heardKeys(after)),
          ...attributes(openKeys(after)),
          ...attributes(backlogKeys(after)),
        },
        ...(before === undefined
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: 'version = :version AND caseId = :caseId',
              ExpressionAttributeValues: { ':version': { N: String(before.version) }, ':caseId': { S: before.id } },
            }),
      },
    };
  }

  /** What few events need beside the event and the case: room for a next case, erased words. */
  #sideWrites({ closes, stored, erases }: CaseChange): TransactWriteItem[] {
    const writes: TransactWriteItem[] = [];
    if (closes !== undefined) {
      writes.push({
        Put: {
          TableName: this.#table,
          Item: {
            ...keyItem(resolvedKey(closes)),
            body: { B: packJson(closes) },
            caseId: { S: closes.id },
            ...attributes(heardKeys(closes)),
          },
        },
      });
    }
    for (const eventId of erases) {
      writes.push({
        Update: {
          TableName: this.#table,
          Key: keyItem(eventKey(stored.conversation, eventId)),
          UpdateExpression: 'REMOVE #text',
          ExpressionAttributeNames: { '#text': 'text' },
        },
      });
    }
    return writes;
  }

  async #eventsWhere(condition: Omit<QueryInput, 'ConsistentRead' | 'ExclusiveStartKey'>): Promise<StoredEvent[]> {
    const found: StoredEvent[] = [];
    let from: Item | undefined;
    do {
      const page = await this.#query({
        ...condition,
        ConsistentRead: true,
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      });
      found.push(...page.items.flatMap((item) => toStoredEvent(item) ?? []));
      from = page.next;
    } while (from !== undefined);
    return found;
  }

  /** Sort keys of an index: of each bucket the first `limit`, by their order in `open` and against it in `heard`. */
  async #listed(
    index: keyof typeof listedBy,
    buckets: readonly string[],
    limit: number,
    before?: string,
  ): Promise<string[]> {
    const { bucket, sort, forward } = listedBy[index];
    const pages = await Promise.all(
      buckets.map((value) =>
        this.#query({
          IndexName: index,
          KeyConditionExpression: before === undefined ? '#bucket = :bucket' : '#bucket = :bucket AND #sort < :before',
          ExpressionAttributeNames: { '#bucket': bucket, ...(before === undefined ? {} : { '#sort': sort }) },
          ExpressionAttributeValues: {
            ':bucket': { S: value },
            ...(before === undefined ? {} : { ':before': { S: before } }),
          },
          ScanIndexForward: forward,
          Limit: limit,
        }),
      ),
    );
    return pages.flatMap(({ items }) => items.flatMap((item) => item[sort]?.S ?? []));
  }

  async #dueInBucket(bucket: string): Promise<Timer[]> {
    const timers: Timer[] = [];
    let from: Item | undefined;
    do {
      const page = await this.#query({
        IndexName: 'due',
        KeyConditionExpression: 'dueBucket = :bucket',
        ExpressionAttributeValues: { ':bucket': { S: bucket } },
        ...(from === undefined ? {} : { ExclusiveStartKey: from }),
      });
      timers.push(
        ...page.items.flatMap((item) => (item['dueAt']?.S === undefined ? [] : [timerFromDueAt(item['dueAt'].S)])),
      );
      from = page.next;
    } while (from !== undefined);
    return timers;
  }

  async #get(key: Key): Promise<Item | undefined> {
    return (await this.#getAll([key], true)).get(textOf(key));
  }

  /**
   * Items by `textOf(key)`. What is asked for in one turn of the event loop goes out together: a call costs the SDK as much time as all that is done with
   * its answer.
   */
  async #getAll(keys: readonly Key[], consistent: boolean): Promise<ReadonlyMap<string, Item>> {
    if (keys.length === 0) return new Map();
    const waiting = consistent ? this.#asked.consistent : this.#asked.eventual;
    const next = waiting ?? { keys: new Map<string, Key>(), items: this.#getSoon(consistent) };
    this.#asked[consistent ? 'consistent' : 'eventual'] = next;
    for (const key of keys) next.keys.set(textOf(key), key);
    return next.items;
  }

  async #getSoon(consistent: boolean): Promise<ReadonlyMap<string, Item>> {
    await setImmediate();
    const name = consistent ? 'consistent' : 'eventual';
    const keys = [...(this.#asked[name]?.keys.values() ?? [])];
    delete this.#asked[name];
    const batches = inGroups(keys.map(keyItem), keysPerBatch);
    const items = await Promise.all(batches.map((batch) => this.#getBatch(batch, consistent)));
    return new Map(items.flat().map((item) => [`${item['pk']?.S}\n${item['sk']?.S}`, item]));
  }

  /** Items of at most 100 keys; what DynamoDB leaves unprocessed is asked for again, then counts as unavailable. */
  async #getBatch(keys: readonly Item[], consistent: boolean): Promise<Item[]> {
    const found: Item[] = [];
    let open: readonly Item[] = keys;
    for (let attempt = 0; attempt < 4 && open.length > 0; attempt += 1) {
      const answer = await reached(
        this.#client.send(
          new BatchGetItemCommand({ RequestItems: { [this.#table]: { Keys: [...open], ConsistentRead: consistent } } }),
        ),
      );
      found.push(...(answer.Responses?.[this.#table] ?? []));
      open = answer.UnprocessedKeys?.[this.#table]?.Keys ?? [];
    }
    if (open.length > 0) throw new StoreUnavailableError(`${open.length} keys were left unprocessed`);
    return found;
  }

  /**
   * Writes without conditions, of one key the last, call after call: a storm's thousands of notices must not stand in front of what others read and write. What
   * DynamoDB leaves unprocessed is sent again, then counts as unavailable.
   */
  async #writeAll(requests: readonly WriteRequest[]): Promise<void> {
    // A call that names a key twice is refused as a whole.
    const distinct = [...new Map(requests.map((request) => [keyOfWrite(request), request])).values()];
    for (const batch of inGroups(distinct, writesPerBatch)) {
      let open: readonly WriteRequest[] = batch;
      for (let attempt = 0; attempt < 4 && open.length > 0; attempt += 1) {
        const { UnprocessedItems } = await reached(
          this.#client.send(new BatchWriteItemCommand({ RequestItems: { [this.#table]: [...open] } })),
        );
        open = UnprocessedItems?.[this.#table] ?? [];
      }
      if (open.length > 0) throw new StoreUnavailableError(`${open.length} writes were left unprocessed`);
    }
  }

  async #query(input: QueryInput): Promise<{ items: Item[]; next: Item | undefined }> {
    const answer = await reached(this.#client.send(new QueryCommand({ TableName: this.#table, ...input })));
    return { items: answer.Items ?? [], next: answer.LastEvaluatedKey };
  }
}

/** Changes in groups, each for one transaction: no item twice, and few enough that one conflict does not hold up many. */
function groupsOf(changes: readonly Writes[]): Writes[][] {
  const groups: { readonly keys: Set<string>; readonly changes: Writes[] }[] = [];
  for (const writes of changes) {
    const keys = writes.map(({ Put, Update }) => keyOf(Put?.Item ?? Update?.Key));
    const open = groups.find(
      (group) => group.changes.length < changesTogether && !keys.some((key) => group.keys.has(key)),
    );
    const group = open ?? { keys: new Set(), changes: [] };
    if (open === undefined) groups.push(group);
    group.changes.push(writes);
    for (const key of keys) group.keys.add(key);
  }
  return groups.map((group) => group.changes);
}

export function keyItem({ pk, sk }: Key): Item {
  return { pk: { S: pk }, sk: { S: sk } };
}

function attributes(values: Readonly<Record<string, string>> | undefined): Item {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, { S: value }]));
}

function keyOfWrite({ PutRequest, DeleteRequest }: WriteRequest): string {
  return keyOf(PutRequest?.Item ?? DeleteRequest?.Key);
}

function keyOf({ pk, sk }: Item = {}): string {
  return textOf({ pk: pk?.S ?? '', sk: sk?.S ?? '' });
}

function textOf({ pk, sk }: Key): string {
  return `${pk}\n${sk}`;
}

/** The case an item holds, if it holds one. */
export function toCase(item: Item | undefined): Case | undefined {
  return item?.['body']?.B === undefined ? undefined : caseSchema.parse(unpackJson(item['body'].B));
}

function toStoredEvent(item: Item | undefined): StoredEvent | undefined {
  if (item?.['body']?.B === undefined) return undefined;
  return { ...storedBodySchema.parse(unpackJson(item['body'].B)), text: item['text']?.S ?? '' };
}

function toPersonsCase(item: Item): PersonsCase {
  return { caseId: item['sk']?.S ?? '', at: item['at']?.S ?? '', public: item['public']?.BOOL === true };
}

async function reached<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    throw unavailable(error);
  }
}

/** What DynamoDB refuses as wrong stays wrong and is thrown as it is; everything else may go better next time. */
function unavailable(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === 'ValidationException') return error;
  return new StoreUnavailableError(`${error.name}: ${error.message}`, { cause: error });
}
