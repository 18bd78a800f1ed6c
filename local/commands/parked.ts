import { parseArgs } from 'node:util';
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { type ParkedRecord, parkedRecordSchema } from '../../shared/contracts/parked.ts';
import { printable } from '../../shared/runtime/printable.ts';
import { queueUrlOf, type Site, siteOf, siteOptions, siteUsage } from '../site.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage = `vigie parked list | show ID | retry ID… | retry --all | drop ID… ${siteUsage}`;

/** A record while this command holds it; nobody else sees it for so long. */
interface Held {
  readonly id: string;
  readonly parkedAt: string;
  readonly receiptHandle: string;
  readonly record: ParkedRecord | undefined;
  readonly body: string;
}

/** Long enough to read the whole queue once. */
const heldSeconds = 60;
/** What `list` shows and `ID` takes: the beginning of the SQS message id, as long as it is one record's only. */
const shownId = 8;

/**
 * `vigie parked`: the records that could never succeed as they were. `retry` sends each to the queue that it came from and only then takes it
 * away, so that none is lost; `drop` takes it away. `show` prints the customer's words, the others do not.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...siteOptions, all: { type: 'boolean', default: false } },
    });
    const [action = '', ...ids] = positionals;
    const task = taskOf(action, ids, values.all);
    const site = siteOf(values);
    const queueUrl = await queueUrlOf(site, 'parked');
    const held = await take(site, queueUrl);
    try {
      await task(site, queueUrl, values.all ? held : chosen(held, ids));
    } finally {
      await giveBack(site, queueUrl, held);
    }
    return 0;
  });
}

type Task = (site: Site, queueUrl: string, records: readonly Held[]) => Promise<void>;

function taskOf(action: string, ids: readonly string[], all: boolean): Task {
  if (action === 'list' && ids.length === 0) return async (_, __, records) => console.log(printable(listed(records)));
  if (action === 'show' && ids.length === 1)
    return async (_, __, records) => console.log(printable(records.map(shown).join('\n')));
  if (action === 'retry' && (all ? ids.length === 0 : ids.length > 0)) return retry;
  if (action === 'drop' && ids.length > 0 && !all) return drop;
  throw new UsageError(usage);
}

/** Everything on the queue, each record once. */
async function take({ sqs }: Site, queueUrl: string): Promise<Held[]> {
  const held = new Map<string, Held>();
  // One short answer may be empty while other servers of SQS still have messages.
  for (let empty = 0; empty < 2; ) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: heldSeconds,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ['SentTimestamp'],
      }),
    );
    empty = Messages.length === 0 ? empty + 1 : 0;
    for (const { MessageId = '', ReceiptHandle = '', Body = '', Attributes } of Messages) {
      held.set(MessageId, {
        id: MessageId,
        parkedAt: new Date(Number(Attributes?.SentTimestamp ?? 0)).toISOString(),
        receiptHandle: ReceiptHandle,
        record: parse(Body),
        body: Body,
      });
    }
  }
  return [...held.values()].sort((a, b) => (a.parkedAt < b.parkedAt ? -1 : 1));
}

function parse(body: string): ParkedRecord | undefined {
  try {
    return parkedRecordSchema.parse(JSON.parse(body));
  } catch {
    return undefined;
  }
}

/** What was deleted since is not there any more, and SQS says so for each: that is as good. */
async function giveBack({ sqs }: Site, queueUrl: string, held: readonly Held[]): Promise<void> {
  for (let at = 0; at < held.length; at += 10) {
    const Entries = held
      .slice(at, at + 10)
      .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle, VisibilityTimeout: 0 }));
    await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

function chosen(held: readonly Held[], ids: readonly string[]): readonly Held[] {
  if (ids.length === 0) return held;
  return ids.map((id) => {
    const [found, ...more] = held.filter((record) => record.id.startsWith(id));
    if (found === undefined) throw new UsageError(`no parked record ${id}; \`vigie parked list\` shows them`);
    if (more.length > 0)
      throw new UsageError(`${id}: ${more.length + 1} parked records begin like this, write more of it`);
    return found;
  });
}

function listed(records: readonly Held[]): string {
  if (records.length === 0) return 'Nothing is parked.';
  return records
    .map(({ id, parkedAt, record }) =>
      [id.slice(0, shownId), parkedAt, record?.queue ?? 'unknown queue', record?.reason ?? 'not a parked record'].join(
        '  ',
      ),
    )
    .join('\n');
}

function shown({ id, parkedAt, record, body }: Held): string {
  if (record === undefined) return body;
  return [`${id}  parked ${parkedAt}`, `from ${record.queue}: ${record.reason}`, record.body].join('\n');
}

const retry: Task = async (site, queueUrl, records) => {
  const prefix = `vigie-${site.stage}-`;
  const ready = records.map((held) => {
    const { id, record } = held;
    if (record === undefined || !record.queue.startsWith(prefix)) {
      throw new UsageError(`${id}: it does not say which queue it came from; show it, then drop it`);
    }
    return { held, record };
  });
  for (const { held, record } of ready) {
    const QueueUrl = await queueUrlOf(site, record.queue.slice(prefix.length));
    await site.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: record.body }));
    await site.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: held.receiptHandle }));
    console.log(`${held.id.slice(0, shownId)}  sent to ${record.queue} again`);
  }
};

const drop: Task = async (site, queueUrl, records) => {
  for (const { id, receiptHandle } of records) {
    await site.sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receiptHandle }));
    console.log(`${id.slice(0, shownId)}  dropped`);
  }
};
