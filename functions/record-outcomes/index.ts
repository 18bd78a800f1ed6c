import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { recordOutcomes } from './handler.ts';

const { policies, ...casework } = caseworkFor('record-outcomes', process.env);

export const handler = middy<unknown>().handler(async (batch) =>
  recordOutcomes(batch, { ...casework, policy: await policies.current() }),
);
