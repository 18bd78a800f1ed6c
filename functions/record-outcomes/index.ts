import middy from '@middy/core';
import { caseworkFor } from '../../shared/adapters/casework.ts';
import { recordOutcomes } from './handler.ts';

const dependencies = caseworkFor('record-outcomes', import.meta.url, process.env);

export const handler = middy<unknown>().handler((batch) => recordOutcomes(batch, dependencies));
