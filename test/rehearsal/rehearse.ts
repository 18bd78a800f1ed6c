import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { compilePolicy } from '../../infra/compile-policy.ts';
import { synthesize } from '../../infra/synthesize.ts';

/**
 * `npm run rehearse`: the real `cdk bootstrap` and `cdk deploy` of all stacks, with two vendors, against moto's server
 * (https://docs.getmoto.org), an AWS emulator of other people. What moto cannot make by CloudFormation is taken out of the templates
 * before and named at the end. Needs python3 with venv, and PyPI; leaves nothing behind.
 */
const moto = 'moto[server]==5.2.5';
const root = resolve(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'vigie-rehearsal-'));
const python = join(scratch, 'venv', 'bin', 'python');
const [account, region, stage] = ['123456789012', 'eu-west-1', 'rehearsal'];

const templateSchema = z.looseObject({
  Resources: z.record(z.string(), z.looseObject({ Type: z.string(), DependsOn: z.unknown().optional() })),
});
type Template = z.infer<typeof templateSchema>;

async function rehearse(): Promise<number> {
  console.log(`== ${moto} in ${scratch}`);
  await succeed('python3', ['-m', 'venv', join(scratch, 'venv')]);
  await succeed(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', moto]);
  const supported = new Set(
    z.array(z.string()).parse(JSON.parse(await succeed(python, ['-W', 'ignore', '-c', supportedTypes]))),
  );

  console.log('== synth');
  const whole = join(scratch, 'cdk.out');
  await synthesize({ stage, outDir: whole, settingsDir: writeSettings(), review: true });
  const trimmed = join(scratch, 'trimmed');
  cpSync(whole, trimmed, { recursive: true });
  const leftOut = new Map<string, number>();
  const kept = new Map<string, number>();
  for (const file of readdirSync(trimmed).filter((name) => name.endsWith('.template.json'))) {
    const path = join(trimmed, file);
    const template = templateSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    writeFileSync(path, JSON.stringify(trim(template, supported, leftOut)));
    const left = Object.keys(template.Resources).length;
    if (left > 0) kept.set(file.replace('.template.json', ''), left);
  }

  const port = await freePort();
  const server = spawn(python, ['-W', 'ignore', '-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    stdio: 'ignore',
  });
  try {
    await answers(`http://127.0.0.1:${port}/moto-api/`);
    const aws = {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      // moto finds a template by the address that it would have in S3.
      AWS_ENDPOINT_URL_S3_FOR_CLOUDFORMATION: `https://s3.${region}.amazonaws.com`,
      AWS_ACCESS_KEY_ID: 'rehearsal',
      AWS_SECRET_ACCESS_KEY: 'rehearsal',
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    };
    const cdk = (...args: readonly string[]) =>
      succeed(
        process.execPath,
        [join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args, '--app', trimmed, '--ci'],
        aws,
      );
    console.log('== cdk bootstrap');
    await cdk('bootstrap', `aws://${account}/${region}`);
    console.log('== cdk deploy --all');
    // A change set of moto's makes no exports, which the other stacks import.
    await cdk('deploy', '--all', '--method=direct', '--require-approval=never');
    console.log('== cdk deploy --all, a second time');
    const again = await cdk('deploy', '--all', '--method=direct', '--require-approval=never');
    const made = z
      .record(z.string(), z.object({ status: z.string(), resources: z.number() }))
      .parse(JSON.parse(await succeed(python, ['-c', stacksInWords], aws)));
    return report({ made, kept, leftOut, unchanged: again.match(/no changes/g)?.length ?? 0 });
  } finally {
    const ended = once(server, 'close');
    server.kill();
    await ended;
  }
}

const supportedTypes = `
import json
from moto.cloudformation.parsing import get_model_map
print(json.dumps(sorted(get_model_map())))
`;

const stacksInWords = `
import boto3, json
cloudformation = boto3.client('cloudformation')
print(json.dumps({
  stack['StackName']: {
    'status': stack['StackStatus'],
    'resources': sum(len(page['StackResourceSummaries']) for page in
      cloudformation.get_paginator('list_stack_resources').paginate(StackName=stack['StackName'])),
  }
  for stack in cloudformation.describe_stacks()['Stacks'] if stack['StackName'].startswith('vigie-')
}))
`;

/** A stage with two outsourced desks in other accounts; not retained, because moto has no termination protection. */
function writeSettings(): string {
  const compiled = compilePolicy(join(root, 'policy'));
  const desks = compiled.ok
    ? Object.entries(compiled.policy.desks).flatMap(([desk, { kind }]) => (kind === 'outsourced' ? [desk] : []))
    : [];
  const vendors = desks.slice(0, 2).map((desk, index) => {
    const vendor = String(index + 2).repeat(12);
    return `  ${desk}: { account: '${vendor}', role: 'arn:aws:iam::${vendor}:role/consumer' }`;
  });
  const dir = join(scratch, 'settings');
  mkdirSync(dir);
  const lines = ['alarmEmails: [ops@example.com]', 'escalationEmails: [lead@example.com]', 'logRetentionDays: 30'];
  writeFileSync(join(dir, `${stage}.yaml`), [...lines, 'retainData: false', 'vendors:', ...vendors, ''].join('\n'));
  return dir;
}

/** The template without the resources of types that are not supported; what refers to them gets a word instead. */
function trim(template: Template, supported: ReadonlySet<string>, leftOut: Map<string, number>): Template {
  const gone = new Set<string>();
  for (const [id, { Type }] of Object.entries(template.Resources)) {
    if (supported.has(Type)) continue;
    gone.add(id);
    leftOut.set(Type, (leftOut.get(Type) ?? 0) + 1);
    delete template.Resources[id];
  }
  for (const resource of Object.values(template.Resources)) {
    const on = [resource.DependsOn ?? []].flat().filter((id) => typeof id === 'string' && !gone.has(id));
    if (resource.DependsOn !== undefined) resource.DependsOn = on;
  }
  return templateSchema.parse(replaceReferences(template, gone));
}

function replaceReferences(value: unknown, gone: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map((item) => replaceReferences(item, gone));
  if (typeof value !== 'object' || value === null) return value;
  const { Ref, 'Fn::GetAtt': attribute } = z
    .looseObject({ Ref: z.string().optional(), 'Fn::GetAtt': z.array(z.unknown()).optional() })
    .parse(value);
  const id = Ref ?? attribute?.[0];
  if (typeof id === 'string' && gone.has(id)) return `not-made-${id}`;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, replaceReferences(item, gone)]));
}

function report(result: {
  readonly made: Readonly<Record<string, { readonly status: string; readonly resources: number }>>;
  readonly kept: ReadonlyMap<string, number>;
  readonly leftOut: ReadonlyMap<string, number>;
  readonly unchanged: number;
}): number {
  console.log('\n== what was deployed');
  for (const [name, { status, resources }] of Object.entries(result.made))
    console.log(`${name}: ${status}, ${resources} resources`);
  console.log(`second deployment: ${result.unchanged} of ${result.kept.size} stacks without changes`);
  console.log('\n== what moto cannot make by CloudFormation, left out');
  for (const [type, count] of [...result.leftOut].sort()) console.log(`${count} × ${type}`);
  const failed = Object.values(result.made).filter(({ status }) => !/^(CREATE|UPDATE)_COMPLETE$/.test(status)).length;
  return failed === 0 && Object.keys(result.made).length === result.kept.size ? 0 : 1;
}

/** Standard output of a command that must end well; all it says is shown when it does not. */
async function succeed(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const out: string[] = [];
  child.stdout.on('data', (chunk) => {
    said.push(String(chunk));
    out.push(String(chunk));
  });
  child.stderr.on('data', (chunk) => said.push(String(chunk)));
  await once(child, 'close');
  if (child.exitCode !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${child.exitCode}:\n${said.join('')}`);
  return out.join('');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

async function answers(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`nothing answers at ${url}`);
}

try {
  process.exitCode = await rehearse();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
