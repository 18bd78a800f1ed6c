import type { AwsService } from './aws-call.ts';

export type CallOutcome = 'answered' | 'refused' | 'denied' | 'faulted';

export interface CallCount {
  readonly caller: string;
  readonly service: AwsService;
  readonly operation: string;
  readonly outcome: CallOutcome;
  readonly calls: number;
}

/** What AWS would bill, in the units of its price lists. */
export interface BilledUnits {
  httpRequests: number;
  lambdaInvocations: number;
  lambdaGigabyteSeconds: number;
  /** Per 64 KB. */
  sqsRequests: number;
  /** 100 characters, at least 3 a document, at the price of sentiment. */
  comprehendUnits: number;
  /** At full price. */
  comprehendDocuments: number;
  dynamoReadUnits: number;
  dynamoWriteUnits: number;
  snsRequests: number;
  secretReads: number;
}

/** Counts what happens at the gateway since the start or the last `reset`. */
export class Meters {
  readonly #counts = new Map<string, CallCount>();
  #billed = noUnits();

  count(caller: string | undefined, service: AwsService, operation: string, outcome: CallOutcome): void {
    const who = caller ?? 'local';
    const key = `${who} ${service} ${operation} ${outcome}`;
    const calls = (this.#counts.get(key)?.calls ?? 0) + 1;
    this.#counts.set(key, { caller: who, service, operation, outcome, calls });
  }

  bill(unit: keyof BilledUnits, amount: number): void {
    this.#billed[unit] += amount;
  }

  calls(): readonly CallCount[] {
    return [...this.#counts.values()];
  }

  billed(): Readonly<BilledUnits> {
    return { ...this.#billed };
  }

  reset(): void {
    this.#counts.clear();
    this.#billed = noUnits();
  }
}

function noUnits(): BilledUnits {
  return {
    httpRequests: 0,
    lambdaInvocations: 0,
    lambdaGigabyteSeconds: 0,
    sqsRequests: 0,
    comprehendUnits: 0,
    comprehendDocuments: 0,
    dynamoReadUnits: 0,
    dynamoWriteUnits: 0,
    snsRequests: 0,
    secretReads: 0,
  };
}
