import * as z from 'zod';
import type { AwsAnswer, AwsCall } from '../../local/aws-call.ts';
import type { Fault, Faults } from '../../local/faults.ts';
import { randomFrom } from '../../local/random.ts';

/** How often each thing goes wrong, of the calls it can happen to. */
const shares = {
  delayed: 0.03,
  'answer lost after success': 0.015,
  'killed before the call': 0.004,
  'killed after the call': 0.004,
  'error 500': 0.01,
  'DynamoDB throttled': 0.02,
  'DynamoDB batch read partly': 0.03,
  'transaction conflict': 0.04,
  'SQS throttled': 0.01,
  'SQS batch failed partly': 0.03,
  'Comprehend throttled': 0.2,
  'Comprehend slow': 0.1,
  'Comprehend failed partly': 0.2,
} as const;
type Kind = keyof typeof shares;

/** A service is down for so many calls in a row, more than an SDK client tries again, out of every so many. */
const outages: Readonly<Partial<Record<AwsCall['service'], { kind: string; every: number; first: number }>>> = {
  comprehend: { kind: 'Comprehend down', every: 30, first: 10 },
  dynamodb: { kind: 'DynamoDB down', every: 300, first: 10 },
  sqs: { kind: 'SQS down', every: 120, first: 12 },
};
/** Milliseconds: many times what a call takes here. */
const slow = 600;

/** What only one service does, in the order in which it is tried. */
const ofService: Readonly<Partial<Record<AwsCall['service'], (call: AwsCall) => readonly (readonly [Kind, Fault])[]>>> =
  {
    comprehend: () => [
      ['Comprehend throttled', { error: 'ThrottlingException', message: 'Rate exceeded' }],
      ['Comprehend slow', { delay: slow }],
      ['Comprehend failed partly', { answer: withoutFirstVerdict }],
    ],
    dynamodb: ({ operation, input }) => [
      ['DynamoDB throttled', { error: 'ProvisionedThroughputExceededException' }],
      ...(operation === 'TransactWriteItems' ? [['transaction conflict', conflict(input)] as const] : []),
      ...(operation === 'BatchGetItem'
        ? [['DynamoDB batch read partly', { answer: withFirstUnprocessed }] as const]
        : []),
    ],
    sqs: ({ operation }) => [
      ['SQS throttled', { error: 'RequestThrottled', message: 'Request is throttled.' }],
      ...(operation === 'SendMessageBatch' ? [['SQS batch failed partly', { answer: withFirstFailed }] as const] : []),
    ],
  };

/** `survivable`: nothing is killed, started again or put to another time. */
export const faultLevels = ['all', 'survivable', 'none'] as const;
export type FaultLevel = (typeof faultLevels)[number];

export interface StormFaults extends Faults {
  /** How many faults of each kind there were. */
  readonly injected: ReadonlyMap<string, number>;
  /** Notes a fault that was made elsewhere. */
  count(kind: string): void;
  /** Ends the storm: from now on everything works. */
  calm(): void;
}

/** Faults in what functions call; the desks and the checker call undisturbed. */
export function stormFaults(seed: number, level: FaultLevel = 'all'): StormFaults {
  const random = randomFrom(seed);
  const injected = new Map<string, number>();
  let calmed = level === 'none';
  const calls = new Map<string, number>();
  const hit = (kind: Kind): boolean => random() < shares[kind] && counted(kind);
  const counted = (kind: string): true => {
    injected.set(kind, (injected.get(kind) ?? 0) + 1);
    return true;
  };
  return {
    injected,
    count: counted,
    calm() {
      calmed = true;
    },
    before(call): Fault | undefined {
      if (calmed || call.caller === undefined) return undefined;
      // A lost answer to a poll hides its messages for minutes: what a poller's end looks like, and as rare.
      const isPoll = call.operation === 'ReceiveMessage';
      const outage = isPoll ? undefined : outages[call.service];
      if (outage !== undefined) {
        const count = calls.get(call.service) ?? 0;
        calls.set(call.service, count + 1);
        // The first outage comes after a while of work.
        if ((count + outage.every / 2) % outage.every < outage.first && counted(outage.kind)) {
          return { error: 'InternalServerException', status: 500 };
        }
      }
      for (const [kind, fault] of isPoll ? [] : (ofService[call.service]?.(call) ?? [])) if (hit(kind)) return fault;
      if (!isPoll && hit('error 500')) return { error: 'InternalError', status: 500 };
      if ((!isPoll || random() < 0.1) && hit('answer lost after success')) return 'drop-answer';
      if (level === 'all' && hit('killed before the call')) return 'kill-caller';
      if (level === 'all' && hit('killed after the call')) return 'kill-caller-after';
      return hit('delayed') ? { delay: Math.round(random() * 50) } : undefined;
    },
  };
}

type Json = Readonly<Record<string, unknown>>;

function changed(answer: AwsAnswer, change: (body: Json) => Json): AwsAnswer {
  if (answer.status >= 400) return answer;
  return { ...answer, body: JSON.stringify(change(bodySchema.parse(JSON.parse(answer.body)))) };
}
const bodySchema = z.record(z.string(), z.unknown());
const verdictsSchema = z.object({ ResultList: z.array(z.looseObject({ Index: z.number() })).default([]) });
const sentSchema = z.object({ Successful: z.array(z.looseObject({ Id: z.string() })).default([]) });
const itemsSchema = z.record(z.string(), z.array(z.looseObject({ pk: z.unknown(), sk: z.unknown() })));

/** A batch in which one text could not be judged. */
function withoutFirstVerdict(answer: AwsAnswer): AwsAnswer {
  return changed(answer, (body) => {
    const [first, ...ResultList] = verdictsSchema.parse(body).ResultList;
    if (first === undefined) return body;
    return { ResultList, ErrorList: [{ Index: first.Index, ErrorCode: 'INTERNAL_SERVER_ERROR', ErrorMessage: '' }] };
  });
}

/** A batch of which one message is said not to be stored, though it is. */
function withFirstFailed(answer: AwsAnswer): AwsAnswer {
  return changed(answer, (body) => {
    const [first, ...Successful] = sentSchema.parse(body).Successful;
    if (first === undefined) return body;
    return { Successful, Failed: [{ Id: first.Id, Code: 'InternalError', SenderFault: false }] };
  });
}

/** A batch read that leaves one item for later. */
function withFirstUnprocessed(answer: AwsAnswer): AwsAnswer {
  return changed(answer, (body) => {
    const [[table, [first, ...rest]] = ['', []]] = Object.entries(itemsSchema.parse(body['Responses']));
    if (first === undefined) return body;
    const { pk, sk } = first;
    return { ...body, Responses: { [table]: rest }, UnprocessedKeys: { [table]: { Keys: [{ pk, sk }] } } };
  });
}

function conflict({ TransactItems }: Readonly<Record<string, unknown>>): Fault {
  const items = Array.isArray(TransactItems) ? TransactItems.length : 1;
  return {
    error: 'TransactionCanceledException',
    message: 'Transaction cancelled, please refer cancellation reasons for specific reasons',
    fields: {
      CancellationReasons: Array.from({ length: items }, (_, index) => ({
        Code: index === 1 ? 'TransactionConflict' : 'None',
      })),
    },
  };
}
