import { describe, expect, test } from 'vitest';
import { manualClock, systemClock } from '../../local/clock.ts';

describe('the manual clock', () => {
  test('runs what falls due in order of time, each at its own instant', () => {
    const clock = manualClock(1_000);
    const ran: [string, number][] = [];
    const note = (name: string) => () => ran.push([name, clock.now()]);
    clock.at(1_300, note('third'));
    clock.at(1_100, note('first'));
    clock.at(1_100, note('second'));
    clock.at(1_501, note('later'));
    clock.advance(500);
    expect(ran).toEqual([
      ['first', 1_100],
      ['second', 1_100],
      ['third', 1_300],
    ]);
    expect(clock.now()).toBe(1_500);
  });

  test('runs what is asked for on the way when it falls due before the end', () => {
    const clock = manualClock(0);
    const ran: number[] = [];
    const everyTen = (): void => {
      ran.push(clock.now());
      clock.at(clock.now() + 10, everyTen);
    };
    clock.at(10, everyTen);
    clock.advance(35);
    expect(ran).toEqual([10, 20, 30]);
  });

  test('runs what lies in the past at the next move, without going back', () => {
    const clock = manualClock(100);
    const ran: number[] = [];
    clock.at(50, () => ran.push(clock.now()));
    expect(ran).toEqual([]);
    clock.advance(0);
    expect(ran).toEqual([100]);
  });

  test('runs nothing that was called off, even by another at the same instant', () => {
    const clock = manualClock(0);
    const ran: string[] = [];
    let callOff = (): void => undefined;
    clock.at(10, () => callOff());
    callOff = clock.at(10, () => ran.push('called off'));
    clock.at(10, () => ran.push('kept'));
    clock.advance(10);
    expect(ran).toEqual(['kept']);
  });
});

describe('the system clock', () => {
  test('never runs anything before its time', async () => {
    const due = Date.now() + 20;
    const ranAt = await new Promise<number>((resolve) => systemClock.at(due, () => resolve(systemClock.now())));
    expect(ranAt).toBeGreaterThanOrEqual(due);
  });

  test('runs nothing that was called off', async () => {
    const ran: string[] = [];
    const due = Date.now() + 5;
    const callOff = systemClock.at(due, () => ran.push('called off'));
    callOff();
    await new Promise<void>((resolve) => systemClock.at(due + 5, resolve));
    expect(ran).toEqual([]);
  });
});
