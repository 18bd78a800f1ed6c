import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { functionNames } from '../../infra/pipeline-stack.ts';
import { ConfigurationError } from '../../infra/settings.ts';
import { synthesize } from '../../infra/synthesize.ts';
import { unpackPolicy } from '../../shared/adapters/packed-policy.ts';
import { platforms } from '../../shared/platforms/registry.ts';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'vigie-synth-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function functionsDir(names: readonly string[]): string {
  const dir = mkdtempSync(join(scratch, 'functions-'));
  for (const name of names) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'index.ts'), `export const handler = async () => '${name}';`);
  }
  return dir;
}

const policyFiles = {
  'desks.yaml': `
    desks:
      in_house: { kind: in_house, title: Care }
      product_ideas: { kind: product_ideas, title: Ideas, escalates_to: in_house }`,
  'accounts.yaml': `
    groups:
      - group: Brand
        purpose: corporate
        languages: [en]
        accounts: [{ channel: facebook, id: '1', title: Brand }]`,
  'routing.yaml': `
    rules:
      - { id: ideas, when: { topics: [idea] }, to: product_ideas, priority: low, because: An idea. }
    default: { to: in_house, priority: normal, because: Nothing else is known. }
    score: { holds: { default: 0.6 }, reasons: {}, parts: [] }`,
  'sla.yaml': `
    sla:
      in_house: &same
        urgent: { first_reply: 30m, resolution: 1d }
        high: { first_reply: 2h, resolution: 2d }
        normal: { first_reply: 4h, resolution: 3d }
        low: { first_reply: 1d, resolution: 5d }
      product_ideas: *same`,
  'calendars.yaml': `
    years: { first: 2026, last: 2026 }
    calendars: {}`,
};

/** A made-up brand's policy, with some of its files replaced. */
function policyOf(replaced: Partial<typeof policyFiles> = {}): string {
  const dir = mkdtempSync(join(scratch, 'policy-'));
  mkdirSync(join(dir, 'lexicons'));
  for (const [file, text] of Object.entries({ ...policyFiles, ...replaced })) writeFileSync(join(dir, file), text);
  return dir;
}

const newDir = () => mkdtempSync(join(scratch, 'out-'));

const resourcesSchema = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.record(z.string(), z.unknown()) })),
});

function resources(outDir: string, stack: string, type: string) {
  const { Resources } = resourcesSchema.parse(JSON.parse(readFileSync(join(outDir, `${stack}.template.json`), 'utf8')));
  return Object.values(Resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties);
}

describe('synthesis', () => {
  const made = () => ({
    stage: 'dev',
    outDir: newDir(),
    functionsDir: functionsDir(functionNames),
    policyDir: policyOf(),
  });

  it('makes the templates of a stage, with the desks of the policy and every platform of the registry', async () => {
    const { outDir } = await synthesize(made());
    const queues = resources(outDir, 'VigieData', 'AWS::SQS::Queue').map(({ QueueName }) => QueueName);
    expect(queues).toEqual(
      expect.arrayContaining(['vigie-dev-in_house-urgent.fifo', 'vigie-dev-product_ideas-standard.fifo']),
    );
    expect(resources(outDir, 'VigieData', 'AWS::SecretsManager::Secret').map(({ Name }) => Name)).toEqual([
      ...platforms.map(({ name }) => `vigie/dev/platform/${name}`),
      'vigie/dev/api-tokens',
    ]);
    expect(existsSync(join(outDir, 'VigieOperations.template.json'))).toBe(true);
  });

  it('puts each function into an asset of its own, with its module and nothing else', async () => {
    const { outDir } = await synthesize(made());
    const contents = resources(outDir, 'VigiePipeline', 'AWS::Lambda::Function').map((properties) => {
      const { FunctionName, Code } = z
        .object({ FunctionName: z.string(), Code: z.object({ S3Key: z.string() }) })
        .parse(properties);
      const dir = join(outDir, `asset.${Code.S3Key.replace('.zip', '')}`);
      return [FunctionName.replace('vigie-dev-', ''), ...readdirSync(dir)];
    });
    expect(contents).toEqual(
      functionNames.map((name) => [name, ...(name === 'serve-console' ? ['console.json'] : []), 'index.mjs']),
    );
  });

  it('changes nothing but the policy stack when the policy changes', async () => {
    const before = made();
    const { outDir: first } = await synthesize(before);
    const policyDir = policyOf({ 'routing.yaml': policyFiles['routing.yaml'].replace('An idea.', 'A wish.') });
    const { outDir: second, policy } = await synthesize({ ...made(), functionsDir: before.functionsDir, policyDir });
    const template = (outDir: string, stack: string) => readFileSync(join(outDir, `${stack}.template.json`), 'utf8');
    for (const stack of ['VigieData', 'VigiePipeline', 'VigieOperations']) {
      expect(template(second, stack)).toBe(template(first, stack));
    }
    const [hosted] = resources(second, 'VigiePolicy', 'AWS::AppConfig::HostedConfigurationVersion');
    expect(unpackPolicy(z.string().parse(hosted?.['Content']))).toEqual(policy);
    expect(template(second, 'VigiePolicy')).not.toBe(template(first, 'VigiePolicy'));
  });

  it('gives the same templates for the same sources', async () => {
    const [first, second] = [made(), made()];
    await synthesize(first);
    await synthesize({ ...second, functionsDir: first.functionsDir, policyDir: first.policyDir });
    for (const stack of ['VigieData', 'VigiePipeline', 'VigieOperations']) {
      const template = (outDir: string) => readFileSync(join(outDir, `${stack}.template.json`), 'utf8');
      expect(template(second.outDir)).toBe(template(first.outDir));
    }
  });

  it('refuses a policy with a mistake, by file and line', async () => {
    const policyDir = policyOf({ 'sla.yaml': 'sla: {}\nnonsense: true\n' });
    const failing = synthesize({ ...made(), policyDir });
    await expect(failing).rejects.toThrow(ConfigurationError);
    await expect(failing).rejects.toThrow(join(policyDir, 'sla.yaml:2:'));
  });

  it('refuses to leave a function out', async () => {
    const some = functionsDir(functionNames.filter((name) => name !== 'fire-timers'));
    await expect(synthesize({ ...made(), functionsDir: some })).rejects.toThrow(
      'functions/fire-timers/index.ts: is missing',
    );
  });
});

describe('what is shipped', () => {
  it.each(readdirSync(join(root, 'infra', 'settings')))(
    'deploys as %s says, with the functions and the policy',
    async (file) => {
      const { bundles } = await synthesize({ stage: file.replace('.yaml', ''), outDir: newDir() });
      expect(bundles.map(({ name }) => name).sort()).toEqual([...functionNames].sort());
    },
  );
});

describe('the app that cdk runs', () => {
  const app = (context: object) =>
    promisify(execFile)(process.execPath, ['infra/app.ts'], {
      cwd: root,
      env: { ...process.env, CDK_OUTDIR: newDir(), CDK_CONTEXT_JSON: JSON.stringify(context) },
    });

  it('says one line of a stage that has no settings, without a stack trace', async () => {
    await expect(app({ stage: 'nowhere' })).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^stage "nowhere" has no settings: write infra\/settings\/nowhere\.yaml, starting from a copy of prod\.yaml beside it\n$/,
      ),
    });
  });

  it('says what is wrong with the name of a stage', async () => {
    await expect(app({ stage: '' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^stage "": write [^\n]+\n$/),
    });
  });
});
