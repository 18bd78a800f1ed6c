import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { packPolicy } from '../shared/adapters/packed-policy.ts';
import type { Policy } from '../shared/domain/policy.ts';
import { DataStack, pascalCase } from './data-stack.ts';
import { OperationsStack } from './operations-stack.ts';
import { type FunctionName, PipelineStack } from './pipeline-stack.ts';
import { PolicyStack } from './policy-stack.ts';
import { ConfigurationError, type Settings } from './settings.ts';

interface Deployment {
  readonly stage: string;
  readonly settings: Settings;
  /** Compiled; deployed whole, and here is what the stacks themselves depend on. */
  readonly policy: Pick<Policy, 'version' | 'desks' | 'sla' | 'lexicons'>;
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
  const desks = Object.keys(policy.desks);
  checkDesks(stage, desks);
  const content = packPolicy(policy);
  checkSize(content);
  const outsourced = desks.filter((desk) => policy.desks[desk]?.kind === 'outsourced');
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
  const data = new DataStack(app, 'VigieData', { ...common('data'), desks: policy.desks, platforms });
  const pipeline = new PipelineStack(app, 'VigiePipeline', { ...common('pipeline'), data, code });
  const operations = new OperationsStack(app, 'VigieOperations', { ...common('operations'), policy, data, pipeline });
  const { version } = policy;
  const rollout = new PolicyStack(app, 'VigiePolicy', {
    ...common('policy'),
    content,
    version,
    store: pipeline.policies,
  });
  return { data, pipeline, operations, policy: rollout };
}

/**
 * Refuses a policy that cannot be deployed. AppConfig takes 1 MB, and so does CloudFormation for the template that holds it as text (CloudFormation
 * user guide, "Quotas").
 */
function checkSize(content: string): void {
  const [limit, others] = [1_000_000, 5_000];
  const size = Buffer.byteLength(JSON.stringify(content)) + others;
  if (size > limit) {
    throw new ConfigurationError(
      `policy: compiled it takes ${size} of the ${limit} bytes of a CloudFormation template: shorten policy/lexicons/ or take languages out that no account has`,
    );
  }
}

/**
 * Refuses desks that cannot be deployed together. Lambda takes 4 KB of variables, counted as JSON (Lambda developer guide, "Quotas"), and two
 * queue addresses per desk are most of them.
 */
function checkDesks(stage: string, desks: readonly string[]): void {
  for (const [index, desk] of desks.entries()) {
    const twin = desks.slice(0, index).find((other) => pascalCase(other) === pascalCase(desk));
    if (twin === undefined) continue;
    throw new ConfigurationError(
      `desks of the policy: ${twin} and ${desk} would have the same output ${pascalCase(desk)}UrgentQueueUrl: rename one`,
    );
  }
  const url = (desk: string, lane: string) =>
    `https://sqs.ap-northeast-1.amazonaws.com/111111111111/vigie-${stage}-${desk}-${lane}.fifo`;
  const variable = JSON.stringify(
    Object.fromEntries(desks.map((desk) => [desk, { urgent: url(desk, 'urgent'), standard: url(desk, 'standard') }])),
  );
  const [limit, others] = [4096, 1_060];
  const size = JSON.stringify(variable).length + others;
  if (size > limit) {
    throw new ConfigurationError(
      `desks of the policy: the addresses of the ${desks.length} desks' queues take ${size} of the ${limit} bytes that a function's variables may take: shorten the names of desks or of the stage, or join desks`,
    );
  }
}

/** An app with the feature flags of cdk.json, which only the `cdk` command hands over by itself; templates go to `outDir`. */
export function createApp(outDir: string): App {
  const { context } = z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(import.meta.dirname, '..', 'cdk.json'), 'utf8')));
  return new App({ outdir: outDir, context, analyticsReporting: false });
}
