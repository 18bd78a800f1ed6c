import type { Policy } from './domain/policy.ts';
import type { Standing, Standings } from './domain/vendors.ts';
import { type CaseStore, StoreUnavailableError } from './ports.ts';

/** A count this young is as good as a new one. */
const freshMs = 5_000;
const dayMs = 86_400_000;

/**
 * How the outsourced desks stand, asked of the store at most every five seconds, and only what the policy needs. Between two counts this instance adds the
 * cases that it gives out itself; others that run beside it do not see them, so that a backlog may be passed by what arrives within those seconds.
 */
export class DeskStandings {
  readonly #store: Pick<CaseStore, 'waitingFor' | 'records'>;
  readonly #now: () => Date;
  #known: { readonly at: number; readonly policy: Policy; readonly standings: Map<string, Standing> } | undefined;

  constructor(store: Pick<CaseStore, 'waitingFor' | 'records'>, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  /** Counts anew when the last count is old or was for another policy; when the store cannot be reached, the last count stands. Never rejects. */
  async refresh(policy: Policy): Promise<void> {
    const at = this.#now().getTime();
    if (this.#known?.policy === policy && at - this.#known.at < freshMs) return;
    try {
      this.#known = { at, policy, standings: await this.#ask(policy, at) };
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
    }
  }

  /** The last count, and what this instance gave out since. */
  get known(): Standings {
    return Object.fromEntries(this.#known?.standings ?? []);
  }

  /** Notes that a case was just given to a desk. */
  gave(desk: string | undefined): void {
    const standing = this.#known?.standings.get(desk ?? '');
    if (desk === undefined || standing === undefined) return;
    this.#known?.standings.set(desk, { ...standing, open: standing.open + 1 });
  }

  async #ask({ desks, shares }: Policy, at: number): Promise<Map<string, Standing>> {
    const asked = Object.entries(desks).filter(
      ([, { kind, backlog }]) => kind === 'outsourced' && (backlog !== undefined || shares === 'earned'),
    );
    if (asked.length === 0) return new Map();
    const [records, open] = await Promise.all([
      this.#store.records(shares === 'earned' ? asked.map(([desk]) => desk) : [], lately(at)),
      Promise.all(
        asked.map(([desk, { backlog }]) => (backlog === undefined ? 0 : this.#store.waitingFor(desk, backlog))),
      ),
    ]);
    return new Map(
      asked.map(([desk], index) => [desk, { kept: 0, broken: 0, ...records[desk], open: open[index] ?? 0 }]),
    );
  }
}

/** The days (UTC) that count as lately: today and yesterday. */
function lately(at: number): string[] {
  return [at, at - dayMs].map((instant) => new Date(instant).toISOString().slice(0, 10));
}

/** Adds to what desks kept and broke, by the day. A count that cannot be written is left out: shares are not worth another try of the whole batch. */
export async function noteRecords(
  store: Pick<CaseStore, 'addToRecord'>,
  changes: readonly { readonly desk: string; readonly kept: number; readonly broken: number }[],
  now: Date,
): Promise<void> {
  const day = now.toISOString().slice(0, 10);
  try {
    await Promise.all(
      [...Map.groupBy(changes, ({ desk }) => desk)].map(([desk, all]) =>
        store.addToRecord(desk, day, {
          kept: all.reduce((sum, { kept }) => sum + kept, 0),
          broken: all.reduce((sum, { broken }) => sum + broken, 0),
        }),
      ),
    );
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
  }
}
