import { setTimeout } from 'node:timers/promises';
import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { fireTimers } from './handler.ts';

const dependencies = {
  ...caseworkFor('fire-timers', import.meta.url, process.env),
  waitUntil: (instant: string) => setTimeout(Math.max(0, Date.parse(instant) - Date.now())),
};

export const handler = middy<unknown>().handler((batch) => fireTimers(batch, dependencies));
