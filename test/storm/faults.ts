import { randomFrom } from '../../local/commands/cost.ts';
import type { Fault, Faults } from '../../local/faults.ts';

/** How often each thing goes wrong, of the calls it can happen to. */
const shares = {
  delayed: 0.03,
  'answer lost after success': 0.015,
  'killed before the call': 0.004,
  'killed after the call': 0.004,
  'error 500': 0.01,
  'DynamoDB throttled': 0.02,
  'transaction conflict': 0.04,
  'Comprehend throttled': 0.2,
} as const;

/** Comprehend is down for the first of every so many of its calls. */
const downCalls = { every: 30, first: 10 };

export interface StormFaults extends Faults {
  /** How many faults of each kind there were. */
  readonly injected: ReadonlyMap<string, number>;
  /** Notes a fault that was made elsewhere. */
  count(kind: string): void;
  /** Ends the storm: from now on everything works. */
  calm(): void;
}

/** Faults in what functions call; the desks and the checker call undisturbed. */
export function stormFaults(seed: number): StormFaults {
  const random = randomFrom(seed);
  const injected = new Map<string, number>();
  let calmed = false;
  let comprehendCalls = 0;
  const hit = (kind: keyof typeof shares): boolean => random() < shares[kind] && counted(kind);
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
    before({ caller, service, operation, input }): Fault | undefined {
      if (calmed || caller === undefined) return undefined;
      if (service === 'comprehend') {
        comprehendCalls += 1;
        if (comprehendCalls % downCalls.every < downCalls.first && counted('Comprehend down')) {
          return { error: 'InternalServerException', status: 500 };
        }
        if (hit('Comprehend throttled')) return { error: 'ThrottlingException', message: 'Rate exceeded' };
      }
      if (service === 'dynamodb') {
        if (hit('DynamoDB throttled')) return { error: 'ProvisionedThroughputExceededException' };
        if (operation === 'TransactWriteItems' && hit('transaction conflict')) return conflict(input);
      }
      // A lost answer to a poll hides its messages for minutes: what a poller's end looks like, and as rare.
      const isPoll = operation === 'ReceiveMessage';
      if (!isPoll && hit('error 500')) return { error: 'InternalError', status: 500 };
      if ((!isPoll || random() < 0.1) && hit('answer lost after success')) return 'drop-answer';
      if (hit('killed before the call')) return 'kill-caller';
      if (hit('killed after the call')) return 'kill-caller-after';
      return hit('delayed') ? { delay: Math.round(random() * 50) } : undefined;
    },
  };
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
