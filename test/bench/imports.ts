import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { bundleFunctions } from '../../infra/bundle.ts';
import { readDeployment } from '../../local/provision.ts';
import { assemblyOf } from '../../local/synthesis.ts';
import { readAssembly } from '../../local/template.ts';
import type { Table } from '../proofs/run-record.ts';
import { place, root } from './harness.ts';
import { Report } from './report.ts';
import { median, rounded } from './statistics.ts';

/** Where nothing listens: an import must not call anything. */
const nowhere = { ...place, gatewayUrl: 'http://127.0.0.1:9' };

/** Processor time of each bundle's import next to that of a bare one with the same SDK clients, each in a process of its own, by turns. */
export async function measureImports(policyDir: string): Promise<readonly Table[]> {
  const report = new Report();
  const scratch = mkdtempSync(join(tmpdir(), 'vigie-bench-'));
  const directory = await assemblyOf({ stage: 'dev', policyDir, functionsDir: join(root, 'functions') });
  const deployment = readDeployment(readAssembly(directory, nowhere), nowhere, 1);
  const built = await bundleFunctions({
    root,
    functionsDir: join(root, 'functions'),
    outDir: join(scratch, 'bundles'),
  });
  // Inside the project, or the floors would not find the SDK.
  const floorSources = mkdtempSync(join(root, 'build', 'bench-floor-'));
  try {
    for (const { name, inputs } of built) {
      mkdirSync(join(floorSources, name));
      writeFileSync(join(floorSources, name, 'index.ts'), bareSource(Object.keys(inputs)));
    }
    const floors = await bundleFunctions({ root, functionsDir: floorSources, outDir: join(scratch, 'floors') });
    for (const { name, bytes } of built) {
      const floorDir = floors.find((floor) => floor.name === name)?.dir;
      const config = deployment.functions.find((candidate) => candidate.name.endsWith(`-${name}`));
      if (floorDir === undefined || config === undefined) throw new Error(`nothing to compare ${name} with`);
      const [ours, floor]: [number[], number[]] = [[], []];
      for (let round = 0; round < 7; round += 1) {
        ours.push(importMilliseconds(config.directory, config.environment));
        floor.push(importMilliseconds(floorDir, config.environment));
      }
      const ratio = median(ours) / median(floor);
      report.add(
        `${name}, import`,
        ratio,
        'x bare SDK',
        `${rounded(median(ours))} ms, bare ${rounded(median(floor))} ms`,
      );
      const zipped = gzipSync(readFileSync(join(config.directory, 'index.mjs'))).byteLength;
      report.add(`${name}, bundle`, bytes / 1024, 'KB', `${rounded(zipped / 1024)} KB zipped`);
    }
  } finally {
    rmSync(floorSources, { recursive: true, force: true });
    rmSync(scratch, { recursive: true, force: true });
  }
  return [
    report.figures(
      'Processor time of an import next to that of a bundle that makes the same SDK clients and nothing else: medians of seven each, by turns, every one in a process of its own.',
    ),
  ];
}

/** The SDK clients whose code is in a bundle, with the commands that our adapters send. */
function bareSource(inputs: readonly string[]): string {
  const used = Object.entries(sdk).filter(([name]) => inputs.some((input) => input.includes(`/@aws-sdk/${name}/`)));
  const imports = used.map(([name, names]) => `import { ${names.join(', ')} } from '@aws-sdk/${name}';`);
  const clients = used.map(([, [client]]) => `new ${client}({})`);
  const commands = used.flatMap(([, [, ...names]]) => names);
  return `${imports.join('\n')}\nexport const clients = [${clients}];\nexport const handler = async () => [${commands}].length;\n`;
}
const sdk: Readonly<Record<string, readonly [string, ...string[]]>> = {
  'client-appconfigdata': ['AppConfigDataClient', 'GetLatestConfigurationCommand', 'StartConfigurationSessionCommand'],
  'client-comprehend': ['ComprehendClient', 'BatchDetectSentimentCommand'],
  'client-dynamodb': [
    'DynamoDBClient',
    'BatchGetItemCommand',
    'DeleteItemCommand',
    'PutItemCommand',
    'QueryCommand',
    'TransactWriteItemsCommand',
  ],
  'client-secrets-manager': ['SecretsManagerClient', 'GetSecretValueCommand'],
  'client-sns': ['SNSClient', 'PublishBatchCommand'],
  'client-sqs': ['SQSClient', 'SendMessageBatchCommand'],
};

function importMilliseconds(directory: string, environment: Readonly<Record<string, string>>): number {
  const script = `const started = process.cpuUsage(); await import(process.argv[1]); const { user, system } = process.cpuUsage(started); console.log((user + system) / 1000)`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script, join(directory, 'index.mjs')], {
    cwd: directory,
    encoding: 'utf8',
    env: { ...environment, AWS_REGION: place.region, AWS_ACCESS_KEY_ID: 'bench', AWS_SECRET_ACCESS_KEY: 'local' },
  });
  return z.coerce.number().positive().parse(output.trim());
}
