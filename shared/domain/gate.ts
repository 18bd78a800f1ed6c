import type { Reason } from './assessment.ts';
import type { Route } from './decision.ts';
import type { Policy } from './policy.ts';

/** What the gate judges: a decision, or a case that carries one. */
export interface Clearable {
  readonly route: Route;
  readonly desk?: string | undefined;
  readonly reasons: readonly Reason[];
  readonly doubts: readonly string[];
}

/**
 * The only permission to show a case to an outsourced desk. Nothing but `OutsourcingClearance.for` makes one: the constructor is
 * private and the brand cannot be written elsewhere, so that a way around the gate does not compile.
 */
export class OutsourcingClearance {
  readonly #desk: string;

  private constructor(desk: string) {
    this.#desk = desk;
  }

  get desk(): string {
    return this.#desk;
  }

  /** A clearance for exactly the desk that was decided; `undefined` if any reason or doubt stands, or if the desk is not an outsourced one. */
  static for(subject: Clearable, policy: Pick<Policy, 'desks'>): OutsourcingClearance | undefined {
    if (subject.route !== 'vendor' || subject.desk === undefined) return undefined;
    if (subject.reasons.length > 0 || subject.doubts.length > 0) return undefined;
    if (!Object.hasOwn(policy.desks, subject.desk) || policy.desks[subject.desk]?.kind !== 'outsourced')
      return undefined;
    return new OutsourcingClearance(subject.desk);
  }
}
