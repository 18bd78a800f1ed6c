import type { Table } from '../proofs/run-record.ts';
import { rounded } from './statistics.ts';

/** What a message costs while something else grows. */
export interface Point {
  readonly at: number;
  readonly costs: number;
}

/** Figures as they are measured: each is printed at once and kept for the record of the run. */
export class Report {
  readonly #figures: (string | number)[][] = [];
  readonly #curves: (string | number)[][] = [];

  add(what: string, value: number, unit: string, note = ''): void {
    const figure = [what, rounded(value), unit, note];
    this.#figures.push(figure);
    print(figure);
  }

  curve(what: string, points: readonly Point[], unit: string): void {
    const shown = points.map(({ at, costs }) => `${at}: ${rounded(costs)}`).join(', ');
    const growth = rounded((points.at(-1)?.costs ?? 0) / (points[0]?.costs ?? 1));
    const curve = [what, unit, shown, growth];
    this.#curves.push(curve);
    print(curve);
  }

  figures(says: string): Table {
    return { says, columns: ['what', 'value', 'unit', 'note'], rows: this.#figures };
  }

  curves(says: string): Table {
    return { says, columns: ['while this grows', 'unit', 'points', 'growth'], rows: this.#curves };
  }
}

function print([what = '', ...rest]: readonly (string | number)[]): void {
  console.log(`${String(what).padEnd(52)} ${rest.join('  ')}`);
}
