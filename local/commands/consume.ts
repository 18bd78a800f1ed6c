import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { type DeskMessage, deskMessageSchema } from '../../shared/contracts/desk-message.ts';
import { type Outcome, outcomeSchema } from '../../shared/contracts/outcome.ts';
import { handBackCodeSchema } from '../../shared/domain/case.ts';
import { printable } from '../../shared/runtime/printable.ts';
import { runningAt } from '../webhook-client.ts';
import { reportUsage, UsageError } from './usage.ts';

export const usage =
  'vigie consume --desk D [--report claimed|heartbeat|answered|waiting_for_customer|resolved|handed_back] [--reason R] [--code C] [--follow] [--data DIR]';
const statusSchema = z.object({ queues: z.array(z.object({ name: z.string(), url: z.url() })) });
const lanes = ['urgent', 'standard'] as const;

/**
 * `vigie consume`: what a desk's own system does, as small as it gets. Takes each message of the desk's two queues, urgent first, shows it, and deletes
 * it once it is shown (receipt, not a claim); with `--report` answers every offer with that outcome. `--follow` waits for more.
 */
export function run(args: readonly string[]): Promise<number> {
  return reportUsage(async () => {
    const { values } = parseArgs({
      args: [...args],
      options: {
        desk: { type: 'string' },
        report: { type: 'string' },
        reason: { type: 'string' },
        code: { type: 'string' },
        follow: { type: 'boolean', default: false },
        data: { type: 'string', default: '.vigie' },
      },
    });
    const { desk } = values;
    if (desk === undefined) throw new UsageError(`whose queues? ${usage}`);
    const report = reportedType(values.report);
    if (report === 'handed_back' && values.reason === undefined)
      throw new UsageError('--reason: say why the case goes back');
    const code = handBackCode(values.code);
    const base = runningAt(values.data);
    const { queues } = statusSchema.parse(await (await fetch(`${base}/_vigie/status`)).json());
    const urlOf = (end: string) => queues.find(({ name }) => name.endsWith(end))?.url;
    const ofDesk = lanes.flatMap((lane) => urlOf(`-${desk}-${lane}.fifo`) ?? []);
    // An outsourced desk's own queue, else the one that the brand's own systems share.
    const outcomes = urlOf(`-${desk}-outcome`) ?? ofDesk[0]?.replace(`-${desk}-urgent.fifo`, '-outcome');
    if (ofDesk.length < lanes.length || outcomes === undefined) {
      const desks = queues.flatMap(({ name }) => /-([^-]+)-urgent\.fifo$/.exec(name)?.[1] ?? []);
      throw new UsageError(`there is no desk ${desk}; there are: ${desks.join(', ')}`);
    }
    const client = new SQSClient({
      endpoint: base,
      region: 'eu-west-1',
      credentials: { accessKeyId: `desk-${desk}`, secretAccessKey: 'local' },
    });
    let shown = 0;
    for (let idle = false; !idle || values.follow; ) {
      idle = true;
      for (const [index, queueUrl] of ofDesk.entries()) {
        // Only the last queue is waited at: a message on the urgent one is never more than that wait away.
        const wait = values.follow && index === ofDesk.length - 1 ? 2 : 0;
        const { Messages = [] } = await client.send(
          new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: wait }),
        );
        for (const { Body = '', ReceiptHandle } of Messages) {
          idle = false;
          shown += 1;
          const message = deskMessageSchema.parse(JSON.parse(Body));
          console.log(printable(inWords(message)));
          await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
          if (report === undefined || message.type !== 'case.offered') continue;
          const outcome = {
            ...outcomeFor(message, desk, report, values.reason),
            ...(code === undefined ? {} : { code }),
          };
          await client.send(new SendMessageCommand({ QueueUrl: outcomes, MessageBody: JSON.stringify(outcome) }));
          console.log(`  → reported ${report}`);
        }
      }
    }
    if (shown === 0) console.log(`Nothing waits for ${desk}.`);
    return 0;
  });
}

function reportedType(type: string | undefined): Outcome['type'] | undefined {
  const parsed = outcomeSchema.shape.type.optional().safeParse(type);
  if (!parsed.success) throw new UsageError(`--report: write one of ${outcomeSchema.shape.type.options.join(', ')}`);
  return parsed.data;
}

function handBackCode(code: string | undefined): Outcome['code'] {
  const parsed = handBackCodeSchema.optional().safeParse(code);
  if (!parsed.success) throw new UsageError(`--code: write one of ${handBackCodeSchema.options.join(', ')}`);
  return parsed.data;
}

function outcomeFor(
  { data }: Extract<DeskMessage, { type: 'case.offered' }>,
  desk: string,
  type: Outcome['type'],
  reason: string | undefined,
): Outcome {
  const { caseId, offerId, fence } = data;
  const outcome = { id: randomUUID(), type, caseId, offerId, fence, desk, at: new Date().toISOString() };
  return reason === undefined ? outcome : { ...outcome, reason };
}

function inWords(message: DeskMessage): string {
  const head = `\n${message.type}  case ${message.subject}`;
  switch (message.type) {
    case 'case.offered':
    case 'case.updated': {
      const { data } = message;
      const reply = data.deadlines.firstReply;
      const why = [...data.reasons, ...data.doubts].join(', ');
      return [
        `${head}  fence ${data.fence}`,
        `  ${data.priority}, ${data.channel}, ${data.public ? 'public' : 'private'}, ${data.language}${why === '' ? '' : `: ${why}`}`,
        `  ${data.because}`,
        ...(reply === undefined ? [] : [`  first reply by ${new Date(reply).toLocaleString('en-GB')}`]),
        ...data.messages.map(({ text, edited, masked = [] }) => {
          const hidden = masked.map(({ kind, count }) => `${count} ${kind}`).join(', ');
          return `  « ${text} »${edited ? ' (edited)' : ''}${hidden === '' ? '' : ` (masked: ${hidden})`}`;
        }),
      ].join('\n');
    }
    case 'case.recalled':
      return `${head}  fence ${message.data.fence} is dead: ${message.data.because}`;
    case 'case.erased':
      return `${head}  erase message ${message.data.messageId}`;
    case 'outcome.refused':
      return `${head}  outcome ${message.data.outcomeId} refused: ${message.data.because}`;
  }
}
