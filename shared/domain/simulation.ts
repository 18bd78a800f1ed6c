import type { Reason } from './assessment.ts';
import type { Decision } from './decision.ts';

interface Decided {
  readonly decision: Pick<Decision, 'route' | 'desk' | 'priority' | 'rule' | 'reasons'>;
  /** What Comprehend is paid for it. */
  readonly dollars: number;
}

/** One message as two policies decide it. */
export interface Replayed {
  /** By which whoever reads the comparison finds the message again. */
  readonly id: string;
  readonly before: Decided;
  readonly after: Decided;
}

/** A message that goes elsewhere: its id and the rules, never the customer's words. */
export interface MovedMessage {
  readonly id: string;
  readonly before: string;
  readonly after: string;
  readonly reasonsBefore: readonly Reason[];
}

interface Volumes {
  /** Messages by desk, or `set_aside`. */
  readonly byDesk: Readonly<Record<string, number>>;
  /** For Comprehend, per million such messages. */
  readonly dollarsPerMillion: number;
}

export interface Simulation {
  readonly messages: number;
  readonly moved: number;
  readonly otherPriority: number;
  /** Kept in-house before, for a reason or a doubt, and a vendor's now. */
  readonly leakRisk: readonly MovedMessage[];
  readonly lanes: readonly {
    readonly from: string;
    readonly to: string;
    readonly messages: number;
    readonly examples: readonly MovedMessage[];
  }[];
  readonly before: Volumes;
  readonly after: Volumes;
}

function laneOf({ decision }: Decided): string {
  return decision.desk ?? 'set_aside';
}

/** What moves between two policies, lane by lane with so many examples of each. */
export function simulationOf(replayed: readonly Replayed[], examples: number): Simulation {
  const moved = replayed.filter(({ before, after }) => laneOf(before) !== laneOf(after));
  const example = ({ id, before, after }: Replayed): MovedMessage => ({
    id,
    before: before.decision.rule,
    after: after.decision.rule,
    reasonsBefore: before.decision.reasons,
  });
  return {
    messages: replayed.length,
    moved: moved.length,
    otherPriority: replayed.filter(
      ({ before, after }) => laneOf(before) === laneOf(after) && before.decision.priority !== after.decision.priority,
    ).length,
    leakRisk: replayed
      .filter(({ before, after }) => before.decision.route === 'in_house' && after.decision.route === 'vendor')
      .map(example),
    lanes: [...Map.groupBy(moved, ({ before, after }) => `${laneOf(before)} ${laneOf(after)}`).values()]
      .flatMap((found) => {
        const [first] = found;
        if (first === undefined) return [];
        const [from, to] = [laneOf(first.before), laneOf(first.after)];
        return [{ from, to, messages: found.length, examples: found.slice(0, examples).map(example) }];
      })
      .sort((a, b) => b.messages - a.messages),
    before: volumesOf(replayed.map(({ before }) => before)),
    after: volumesOf(replayed.map(({ after }) => after)),
  };
}

function volumesOf(verdicts: readonly Decided[]): Volumes {
  const dollars = verdicts.reduce((sum, verdict) => sum + verdict.dollars, 0);
  return {
    byDesk: Object.fromEntries(
      [...Map.groupBy(verdicts, laneOf)].map(([lane, found]): [string, number] => [lane, found.length]).sort(),
    ),
    dollarsPerMillion: verdicts.length === 0 ? 0 : Math.round((dollars / verdicts.length) * 1e6),
  };
}
