import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import type { Policy } from '../shared/domain/policy.ts';
import { DataStack } from './data-stack.ts';
import { OperationsStack } from './operations-stack.ts';
import { type FunctionName, PipelineStack } from './pipeline-stack.ts';
import { ConfigurationError, type Settings } from './settings.ts';

interface Deployment {
  readonly stage: string;
  readonly settings: Settings;
  readonly policy: Pick<Policy, 'desks' | 'sla'>;
  /** Names of the platforms that may post. */
  readonly platforms: readonly string[];
  /** The directory of each function's bundle. */
  readonly code: Readonly<Record<FunctionName, string>>;
}

/**
 * Adds one stage's stacks to an app, one per lifetime.
 * @throws ConfigurationError where settings and policy do not fit each other.
 */
export function addStacks(app: App, { stage, settings, policy, platforms, code }: Deployment) {
  const outsourced = Object.keys(policy.desks).filter((desk) => policy.desks[desk]?.kind === 'outsourced');
  for (const desk of Object.keys(settings.vendors)) {
    if (outsourced.includes(desk)) continue;
    const known = outsourced.length === 0 ? 'the policy has none' : `the policy has ${outsourced.join(', ')}`;
    throw new ConfigurationError(`settings of stage ${stage}: vendors.${desk}: write an outsourced desk; ${known}`);
  }
  const common = (lifetime: string) => ({
    stage,
    settings,
    stackName: `vigie-${stage}-${lifetime}`,
    terminationProtection: settings.retainData && lifetime === 'data',
    tags: { application: 'vigie', stage },
    env: {
      ...(settings.account === undefined ? {} : { account: settings.account }),
      ...(settings.region === undefined ? {} : { region: settings.region }),
    },
  });
  const data = new DataStack(app, 'VigieData', { ...common('data'), desks: Object.keys(policy.desks), platforms });
  const pipeline = new PipelineStack(app, 'VigiePipeline', { ...common('pipeline'), data, code });
  const operations = new OperationsStack(app, 'VigieOperations', { ...common('operations'), policy, data, pipeline });
  return { data, pipeline, operations };
}

/** An app with the feature flags of cdk.json, which only the `cdk` command hands over by itself; templates go to `outDir`. */
export function createApp(outDir: string): App {
  const { context } = z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8')));
  return new App({ outdir: outDir, context, analyticsReporting: false });
}
