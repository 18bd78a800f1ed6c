import { setTimeout } from 'node:timers/promises';
import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { fireTimers } from './handler.ts';

const { policies, ...casework } = caseworkFor('fire-timers', process.env);
const dependencies = {
  ...casework,
  waitUntil: (instant: string) => setTimeout(Math.max(0, Date.parse(instant) - Date.now())),
};

export const handler = middy<unknown>().handler(async (batch) =>
  fireTimers(batch, { ...dependencies, policy: await policies.current() }),
);
