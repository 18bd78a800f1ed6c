import { createHash, randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { invalidParameter, missingParameter, plainSqsError, sqsError } from './sqs-error.ts';
import { type MessageAttributes, messageAttributesSchema, type SentMessage } from './sqs-message.ts';
import { type Queue, type QueueAttributes, readSettings } from './sqs-queue.ts';

/** A message as a receiver gets it. Times in milliseconds since 1970. */
export interface ReceivedMessage {
  readonly id: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly receiptHandle: string;
  readonly senderId: string;
  readonly sentAt: number;
  readonly firstReceivedAt: number;
  readonly receiveCount: number;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string;
  /** The queue it was dead-lettered from. */
  readonly sourceArn: string | undefined;
}

export interface MessageCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** FIFO deduplication looks back this far (developer guide, "Exactly-once processing"). */
const deduplicationMs = 5 * 60_000;
/** A message may be hidden for 12 hours in all from the time it was received (developer guide, "Visibility timeout"). */
const longestVisibilityMs = 43_200_000;

/**
 * `visibleAt` says when a message can be received next; `receivedAt` is set while a receiver holds it, so that until `visibleAt` a message
 * with it is in flight and one without it is delayed. `deliveries` counts every hand-over, also across queues: it tells the receipt
 * handles of one message apart. AUTOINCREMENT keeps an old receipt handle from ever meeting a new message.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS queues (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    attributes TEXT NOT NULL,
    tags TEXT NOT NULL,
    createdAt INTEGER NOT NULL,
    modifiedAt INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    attributes TEXT NOT NULL,
    senderId TEXT NOT NULL,
    sentAt INTEGER NOT NULL,
    visibleAt INTEGER NOT NULL,
    receivedAt INTEGER,
    firstReceivedAt INTEGER,
    receiveCount INTEGER NOT NULL DEFAULT 0,
    deliveries INTEGER NOT NULL DEFAULT 0,
    groupId TEXT,
    deduplicationId TEXT,
    sourceArn TEXT
  );
  CREATE INDEX IF NOT EXISTS messagesByTime ON messages (queue, visibleAt);
  CREATE INDEX IF NOT EXISTS messagesByOrder ON messages (queue);
  CREATE INDEX IF NOT EXISTS messagesByGroup ON messages (queue, groupId, visibleAt) WHERE groupId IS NOT NULL;
  CREATE TABLE IF NOT EXISTS deduplication (
    queue INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    messageId TEXT NOT NULL,
    seq INTEGER NOT NULL,
    expiresAt INTEGER NOT NULL,
    PRIMARY KEY (queue, scope, id)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS deduplicationByTime ON deduplication (expiresAt);
`;

const queueRow = z.object({
  id: z.int(),
  name: z.string(),
  attributes: z.string(),
  tags: z.string(),
  createdAt: z.int(),
  modifiedAt: z.int(),
});
const textsSchema = z.record(z.string(), z.string());

const messageRow = z.object({
  seq: z.int(),
  id: z.string(),
  body: z.string(),
  attributes: z.string(),
  senderId: z.string(),
  sentAt: z.int(),
  visibleAt: z.int(),
  receivedAt: z.int().nullable(),
  firstReceivedAt: z.int().nullable(),
  receiveCount: z.int(),
  deliveries: z.int(),
  groupId: z.string().nullable(),
  deduplicationId: z.string().nullable(),
  sourceArn: z.string().nullable(),
});
type MessageRow = z.infer<typeof messageRow>;

const instantRow = z.object({ at: z.int().nullable() });
const twinRow = z.object({ messageId: z.string(), seq: z.int() });
const countsRow = z.object({ visible: z.int(), inFlight: z.int(), delayed: z.int() });

/**
 * The queues and their messages in one SQLite file. A write is in the file's log when its method returns: it outlives the process,
 * though not a power cut. `now` is in milliseconds since 1970. Nothing here waits or tells anybody that a message arrived.
 */
export class SqsStore {
  readonly database: DatabaseSync;
  readonly #arnPrefix: string;
  readonly #queues = new Map<string, Queue>();
  /** No message of the queue was sent before this: saves looking for expired ones. */
  readonly #oldestSentAt = new Map<number, number>();
  readonly #statements;
  #inTransaction = false;

  constructor(file: string, arnPrefix: string) {
    this.#arnPrefix = arnPrefix;
    this.database = new DatabaseSync(file);
    this.database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;');
    this.database.exec(schema);
    this.#statements = prepareStatements(this.database);
    for (const row of this.database.prepare('SELECT * FROM queues').all()) {
      const queue = toQueue(queueRow.parse(row));
      this.#queues.set(queue.name, queue);
      this.#lookForOldest(queue);
    }
  }

  close(): void {
    this.database.close();
  }

  /** Runs several writes as one, or none when it throws. */
  atomically<T>(write: () => T): T {
    if (this.#inTransaction) return write();
    this.#statements.begin.run();
    this.#inTransaction = true;
    try {
      const result = write();
      this.#statements.commit.run();
      return result;
    } catch (error) {
      this.#statements.rollback.run();
      throw error;
    } finally {
      this.#inTransaction = false;
    }
  }

  // Queues

  arnOf(queue: Queue): string {
    return this.#arnPrefix + queue.name;
  }

  queueByName(name: string): Queue | undefined {
    return this.#queues.get(name);
  }

  queueByArn(arn: string): Queue | undefined {
    return arn.startsWith(this.#arnPrefix) ? this.#queues.get(arn.slice(this.#arnPrefix.length)) : undefined;
  }

  /** All queues in order of name. */
  queues(): readonly Queue[] {
    return [...this.#queues.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The queues that dead-letter into this one. */
  sourcesOf(queue: Queue): readonly Queue[] {
    const arn = this.arnOf(queue);
    return this.queues().filter((source) => source.settings.RedrivePolicy?.deadLetterTargetArn === arn);
  }

  createQueue(name: string, attributes: QueueAttributes, tags: Queue['tags'], now: number): Queue {
    const { lastInsertRowid } = this.#statements.insertQueue.run(
      name,
      JSON.stringify(attributes),
      JSON.stringify(tags),
      now,
      now,
    );
    const settings = readSettings(attributes);
    const queue = { id: Number(lastInsertRowid), name, attributes, settings, tags, createdAt: now, modifiedAt: now };
    this.#queues.set(name, queue);
    return queue;
  }

  changeQueue(queue: Queue, change: Partial<Pick<Queue, 'attributes' | 'tags'>>, now: number): void {
    const { attributes, tags } = { ...queue, ...change };
    this.#statements.updateQueue.run(JSON.stringify(attributes), JSON.stringify(tags), now, queue.id);
    this.#queues.set(queue.name, { ...queue, attributes, settings: readSettings(attributes), tags, modifiedAt: now });
  }

  deleteQueue(queue: Queue): void {
    this.#statements.deleteQueue.run(queue.id);
    this.#queues.delete(queue.name);
    this.#oldestSentAt.delete(queue.id);
  }

  purge(queue: Queue): void {
    this.#statements.purge.run(queue.id);
    this.#oldestSentAt.delete(queue.id);
  }

  counts(queue: Queue, now: number): MessageCounts {
    this.#expire(queue, now);
    return countsRow.parse(this.#statements.counts.get({ queue: queue.id, now }));
  }

  /** When the next hidden message of the queue can be received, or `undefined` when none is hidden. */
  nextVisibleAt(queue: Queue, now: number): number | undefined {
    return instantRow.parse(this.#statements.nextVisible.get(queue.id, now)).at ?? undefined;
  }

  // Messages

  /** Stores a message, or on a FIFO queue finds the twin it repeats. Throws what SQS answers to one that does not fit the queue. */
  send(queue: Queue, message: SentMessage, senderId: string, now: number): { id: string; sequenceNumber: string } {
    const { fifo, DelaySeconds } = queue.settings;
    const { MessageBody, MessageGroupId = null, MessageAttributes = {} } = message;
    const row = {
      queue: queue.id,
      id: randomUUID(),
      body: MessageBody,
      attributes: JSON.stringify(MessageAttributes),
      senderId,
      sentAt: now,
      visibleAt: now + 1000 * (message.DelaySeconds ?? DelaySeconds),
      groupId: MessageGroupId,
    };
    if (fifo === undefined) {
      if (message.MessageDeduplicationId !== undefined) throw notForThisQueueType('MessageDeduplicationId');
      return { id: row.id, sequenceNumber: sequenceNumber(this.#insert({ ...row, deduplicationId: null })) };
    }

    if (MessageGroupId === null) throw missingParameter('MessageGroupId');
    if (message.DelaySeconds) throw notForThisQueueType('DelaySeconds');
    const deduplicationId =
      message.MessageDeduplicationId ?? (fifo.contentBasedDeduplication ? sha256(MessageBody) : null);
    if (deduplicationId === null) {
      throw invalidParameter(
        'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly',
      );
    }
    const scope = fifo.perGroup ? MessageGroupId : '';
    return this.atomically(() => {
      this.#statements.forgetTwins.run(now);
      const twin = twinRow.optional().parse(this.#statements.findTwin.get(queue.id, scope, deduplicationId));
      if (twin !== undefined) return { id: twin.messageId, sequenceNumber: sequenceNumber(twin.seq) };
      const seq = this.#insert({ ...row, deduplicationId });
      this.#statements.rememberTwin.run(queue.id, scope, deduplicationId, row.id, seq, now + deduplicationMs);
      return { id: row.id, sequenceNumber: sequenceNumber(seq) };
    });
  }

  /**
   * Hands out up to `limit` messages and hides them. Those received too often already go to the dead-letter queue instead; the queues
   * they went to come along, for whoever waits there.
   */
  receive(
    queue: Queue,
    { limit, visibilityMs, now }: { readonly limit: number; readonly visibilityMs: number; readonly now: number },
  ): { readonly messages: readonly ReceivedMessage[]; readonly deadLettered: readonly Queue[] } {
    this.#expire(queue, now);
    const messages: ReceivedMessage[] = [];
    const deadLettered = new Set<Queue>();
    const seen = new Set<number>();
    // Dead-lettered messages leave room in the batch: look again until there is nothing new. The look-ups are cheap beside the first.
    for (;;) {
      const rows = this.#receivable(queue, limit, now).filter(({ seq }) => !seen.has(seq));
      if (rows.length === 0) return { messages, deadLettered: [...deadLettered] };
      this.atomically(() => {
        for (const row of rows.slice(0, limit - messages.length)) {
          seen.add(row.seq);
          const target = this.#deadLetterTarget(queue, row);
          if (target === undefined) messages.push(this.#deliver(queue, row, now + visibilityMs, now));
          else {
            this.#deadLetter(queue, row, target, now);
            deadLettered.add(target);
          }
        }
      });
      if (messages.length === limit || deadLettered.size === 0) return { messages, deadLettered: [...deadLettered] };
    }
  }

  /** Deletes the message unless it was handed out again since. On a FIFO queue the handle must not have expired (DeleteMessage). */
  delete(queue: Queue, receiptHandle: string, now: number): void {
    const { seq, deliveries } = readReceiptHandle(queue, receiptHandle);
    if (queue.settings.fifo !== undefined) {
      const row = this.#find(queue, seq);
      if (row?.deliveries === deliveries && row.visibleAt <= now) {
        throw invalidParameter('Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.');
      }
    }
    this.#statements.delete.run(seq, queue.id, deliveries);
  }

  /** Hides a message in flight for so long from now, 0 to give it back. Throws when nobody, or somebody else, holds it. */
  changeVisibility(queue: Queue, receiptHandle: string, seconds: number, now: number): void {
    const { seq, deliveries } = readReceiptHandle(queue, receiptHandle);
    const row = this.#find(queue, seq);
    if (row === undefined || row.deliveries !== deliveries) {
      throw invalidParameter(
        'Value for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.',
      );
    }
    if (row.receivedAt === null || row.visibleAt <= now) {
      throw sqsError('MessageNotInflight', 'The message referred to is not in flight.');
    }
    const visibleAt = now + 1000 * seconds;
    if (visibleAt > row.receivedAt + longestVisibilityMs) {
      throw invalidParameter(
        `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].`,
      );
    }
    this.#statements.hide.run({ seq, visibleAt, receivedAt: seconds === 0 ? null : row.receivedAt });
  }

  /**
   * Sends up to `limit` visible messages of a dead-letter queue on, oldest first, as new messages with a new id and age (developer guide,
   * "Dead-letter queue redrive"). Stops at the first for which `destinationOf` knows no queue.
   */
  moveVisible(
    from: Queue,
    limit: number,
    destinationOf: (sourceArn: string | undefined) => Queue | undefined,
    now: number,
  ): { readonly moved: number; readonly to: readonly Queue[]; readonly stopped: boolean } {
    this.#expire(from, now);
    const to = new Set<Queue>();
    return this.atomically(() => {
      const rows = this.#statements.visibleInOrder
        .all({ queue: from.id, now, limit })
        .map((row) => messageRow.parse(row));
      for (const [moved, row] of rows.entries()) {
        const destination = destinationOf(row.sourceArn ?? undefined);
        if (destination === undefined) return { moved, to: [...to], stopped: true };
        const { body, attributes, senderId, groupId, deduplicationId } = row;
        const visibleAt = now + 1000 * destination.settings.DelaySeconds;
        const kept = { body, attributes, senderId, groupId, deduplicationId };
        this.#insert({ ...kept, queue: destination.id, id: randomUUID(), sentAt: now, visibleAt });
        this.#statements.delete.run(row.seq, from.id, row.deliveries);
        to.add(destination);
      }
      return { moved: rows.length, to: [...to], stopped: false };
    });
  }

  #insert(
    row: Pick<
      MessageRow,
      'id' | 'body' | 'attributes' | 'senderId' | 'sentAt' | 'visibleAt' | 'groupId' | 'deduplicationId'
    > & { queue: number },
  ): number {
    const oldest = this.#oldestSentAt.get(row.queue);
    if (oldest === undefined || row.sentAt < oldest) this.#oldestSentAt.set(row.queue, row.sentAt);
    return Number(this.#statements.insertMessage.run(row).lastInsertRowid);
  }

  #find(queue: Queue, seq: number): MessageRow | undefined {
    return messageRow.optional().parse(this.#statements.find.get(seq, queue.id));
  }

  #receivable(queue: Queue, limit: number, now: number): readonly MessageRow[] {
    const statement = queue.settings.fifo === undefined ? this.#statements.visible : this.#statements.unlocked;
    return statement.all({ queue: queue.id, now, limit }).map((row) => messageRow.parse(row));
  }

  #deliver(queue: Queue, row: MessageRow, visibleAt: number, now: number): ReceivedMessage {
    const firstReceivedAt = row.firstReceivedAt ?? now;
    this.#statements.deliver.run({ seq: row.seq, visibleAt, now });
    return {
      id: row.id,
      body: row.body,
      attributes: messageAttributesSchema.parse(JSON.parse(row.attributes)),
      receiptHandle: writeReceiptHandle(queue, row.seq, row.deliveries + 1),
      senderId: row.senderId,
      sentAt: row.sentAt,
      firstReceivedAt,
      receiveCount: row.receiveCount + 1,
      groupId: row.groupId ?? undefined,
      deduplicationId: row.deduplicationId ?? undefined,
      sequenceNumber: sequenceNumber(row.seq),
      sourceArn: row.sourceArn ?? undefined,
    };
  }

  #deadLetterTarget(queue: Queue, row: MessageRow): Queue | undefined {
    const policy = queue.settings.RedrivePolicy;
    if (policy === undefined || row.receiveCount < policy.maxReceiveCount) return undefined;
    // A dead-letter queue that was deleted leaves the message where it is.
    return this.queueByArn(policy.deadLetterTargetArn);
  }

  /** On a standard queue the message keeps its age; on a FIFO queue it starts anew and its id stands in for its deduplication id. */
  #deadLetter(queue: Queue, row: MessageRow, target: Queue, now: number): void {
    const fifo = queue.settings.fifo !== undefined;
    const sentAt = fifo ? now : row.sentAt;
    this.#statements.deadLetter.run({
      seq: row.seq,
      target: target.id,
      sentAt,
      now,
      deduplicationId: fifo ? row.id : null,
      sourceArn: this.arnOf(queue),
    });
    this.#oldestSentAt.set(target.id, Math.min(sentAt, this.#oldestSentAt.get(target.id) ?? sentAt));
  }

  #expire(queue: Queue, now: number): void {
    const oldest = this.#oldestSentAt.get(queue.id);
    const sentBefore = now - 1000 * queue.settings.MessageRetentionPeriod;
    if (oldest === undefined || oldest > sentBefore) return;
    this.#statements.expire.run(queue.id, sentBefore);
    this.#lookForOldest(queue);
  }

  #lookForOldest(queue: Queue): void {
    const { at } = instantRow.parse(this.#statements.oldest.get(queue.id));
    if (at === null) this.#oldestSentAt.delete(queue.id);
    else this.#oldestSentAt.set(queue.id, at);
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
    insertQueue: database.prepare(
      'INSERT INTO queues (name, attributes, tags, createdAt, modifiedAt) VALUES (?, ?, ?, ?, ?)',
    ),
    updateQueue: database.prepare('UPDATE queues SET attributes = ?, tags = ?, modifiedAt = ? WHERE id = ?'),
    deleteQueue: database.prepare('DELETE FROM queues WHERE id = ?'),
    purge: database.prepare('DELETE FROM messages WHERE queue = ?'),
    counts: database.prepare(`
      SELECT count(*) FILTER (WHERE visibleAt <= :now) AS visible,
        count(*) FILTER (WHERE visibleAt > :now AND receivedAt IS NOT NULL) AS inFlight,
        count(*) FILTER (WHERE visibleAt > :now AND receivedAt IS NULL) AS delayed
      FROM messages WHERE queue = :queue`),
    nextVisible: database.prepare('SELECT min(visibleAt) AS at FROM messages WHERE queue = ? AND visibleAt > ?'),
    oldest: database.prepare('SELECT min(sentAt) AS at FROM messages WHERE queue = ?'),
    expire: database.prepare('DELETE FROM messages WHERE queue = ? AND sentAt <= ?'),
    insertMessage: database.prepare(`
      INSERT INTO messages (queue, id, body, attributes, senderId, sentAt, visibleAt, groupId, deduplicationId)
      VALUES (:queue, :id, :body, :attributes, :senderId, :sentAt, :visibleAt, :groupId, :deduplicationId)`),
    find: database.prepare('SELECT * FROM messages WHERE seq = ? AND queue = ?'),
    visible: database.prepare(`
      SELECT * FROM messages INDEXED BY messagesByTime
      WHERE queue = :queue AND visibleAt <= :now ORDER BY visibleAt, seq LIMIT :limit`),
    visibleInOrder: database.prepare(`
      SELECT * FROM messages INDEXED BY messagesByOrder
      WHERE queue = :queue AND visibleAt <= :now ORDER BY seq LIMIT :limit`),
    // A group waits while a receiver holds any message of it, and for a message in front that is not visible yet.
    unlocked: database.prepare(`
      SELECT * FROM messages AS message INDEXED BY messagesByOrder
      WHERE queue = :queue AND visibleAt <= :now AND NOT EXISTS (
        SELECT 1 FROM messages AS other INDEXED BY messagesByGroup
        WHERE other.queue = :queue AND other.groupId = message.groupId AND other.visibleAt > :now
          AND (other.receivedAt IS NOT NULL OR other.seq < message.seq)
      ) ORDER BY seq LIMIT :limit`),
    deliver: database.prepare(`
      UPDATE messages SET visibleAt = :visibleAt, receivedAt = :now, firstReceivedAt = coalesce(firstReceivedAt, :now),
        receiveCount = receiveCount + 1, deliveries = deliveries + 1
      WHERE seq = :seq`),
    deadLetter: database.prepare(`
      UPDATE messages SET queue = :target, sentAt = :sentAt, visibleAt = :now, receivedAt = NULL, firstReceivedAt = NULL,
        receiveCount = 0, deduplicationId = :deduplicationId, sourceArn = :sourceArn
      WHERE seq = :seq`),
    delete: database.prepare('DELETE FROM messages WHERE seq = ? AND queue = ? AND deliveries = ?'),
    hide: database.prepare('UPDATE messages SET visibleAt = :visibleAt, receivedAt = :receivedAt WHERE seq = :seq'),
    forgetTwins: database.prepare('DELETE FROM deduplication WHERE expiresAt <= ?'),
    findTwin: database.prepare('SELECT messageId, seq FROM deduplication WHERE queue = ? AND scope = ? AND id = ?'),
    rememberTwin: database.prepare(
      'INSERT INTO deduplication (queue, scope, id, messageId, seq, expiresAt) VALUES (?, ?, ?, ?, ?, ?)',
    ),
  };
}

function toQueue(row: z.infer<typeof queueRow>): Queue {
  const attributes = textsSchema.parse(JSON.parse(row.attributes));
  const settings = readSettings(attributes);
  return { ...row, attributes, settings, tags: textsSchema.parse(JSON.parse(row.tags)) };
}

/** 20 digits that grow with every message, as SQS writes them. */
function sequenceNumber(seq: number): string {
  return String(18_849_496_460_467_696_128n + BigInt(seq));
}

function writeReceiptHandle(queue: Queue, seq: number, deliveries: number): string {
  return Buffer.from(`${queue.id}/${seq}/${deliveries}`).toString('base64url');
}

function readReceiptHandle(queue: Queue, receiptHandle: string): { readonly seq: number; readonly deliveries: number } {
  const [, queueId, seq, deliveries] =
    /^(\d{1,15})\/(\d{1,15})\/(\d{1,15})$/.exec(Buffer.from(receiptHandle, 'base64url').toString('latin1')) ?? [];
  if (Number(queueId) !== queue.id) {
    throw plainSqsError('ReceiptHandleIsInvalid', 'The input receipt handle is invalid.');
  }
  return { seq: Number(seq), deliveries: Number(deliveries) };
}

function notForThisQueueType(parameter: string): Error {
  return invalidParameter(
    `Value for parameter ${parameter} is invalid. Reason: The request include parameter that is not valid for this queue type.`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
