import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Template } from 'aws-cdk-lib/assertions';
import { afterAll } from 'vitest';
import * as z from 'zod';
import { parseSettings } from '../../infra/settings.ts';
import { addStacks, createApp } from '../../infra/stacks.ts';
import type { Policy } from '../../shared/domain/policy.ts';

const scratch = mkdtempSync(join(tmpdir(), 'vigie-stacks-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const promises = { firstReplySeconds: 3600, resolutionSeconds: 86_400 };

/** A made-up brand's policy: as much of it as the stacks depend on. */
export const policy: Pick<Policy, 'version' | 'desks' | 'sla'> = {
  version: 'p1',
  desks: {
    in_house: { kind: 'in_house', title: 'In-house' },
    vendor_north: { kind: 'outsourced', title: 'North', escalatesTo: 'in_house' },
    vendor_south: { kind: 'outsourced', title: 'South', escalatesTo: 'in_house' },
  },
  sla: { in_house: { urgent: promises, normal: promises }, vendor_north: { normal: promises } },
};

export const settingsText = `
alarmEmails: [ops@example.com]
escalationEmails: [lead@example.com]
logRetentionDays: 30
retainData: true
`;

export const vendorSettingsText = `${settingsText}
vendors:
  vendor_north: { account: '222222222222', role: 'arn:aws:iam::222222222222:role/consumer' }
  vendor_south: { account: '333333333333', role: 'arn:aws:iam::333333333333:role/agents/consumer' }
`;

/** Everything that a stage may be told. */
export const fullSettingsText = `${vendorSettingsText}
silenceAlarmHours: 6
monthlyBudgetUsd: 600
chat:
  slack: { workspaceId: T012ABCDEFG, channelId: C012ABCDEFG }
  teams:
    tenantId: 00000000-0000-4000-8000-000000000000
    teamId: 00000000-0000-4000-8000-000000000001
    channelId: 19%3aabc%40thread.tacv2
`;

const resourceSchema = z.object({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
});
const templateSchema = z.object({
  Resources: z.record(z.string(), resourceSchema),
  Outputs: z.record(z.string(), z.object({ Value: z.unknown() })).default({}),
});
export type Resource = z.infer<typeof resourceSchema> & { readonly logicalId: string };

/** The templates of a made-up brand's deployment, with what the tests ask of them. */
export function deploy(text = settingsText, { desks, stage }: { desks?: Policy['desks']; stage?: string } = {}) {
  const code = mkdtempSync(join(scratch, 'code-'));
  writeFileSync(join(code, 'index.mjs'), 'export const handler = async () => {};\n');
  const outDir = mkdtempSync(join(scratch, 'cdk-'));
  const app = createApp(outDir);
  const stacks = addStacks(app, {
    stage: stage ?? 'test',
    settings: parseSettings(text, 'test.yaml'),
    policy: { ...policy, lexicons: [], ...(desks === undefined ? {} : { desks }) },
    platforms: ['alpha', 'beta'],
    code: {
      'receive-webhook': code,
      'triage-messages': code,
      'sweep-timers': code,
      'fire-timers': code,
      'record-outcomes': code,
      'serve-console': code,
      'poll-accounts': code,
    },
  });
  const read = (stack: (typeof stacks)[keyof typeof stacks]) =>
    templateSchema.parse(Template.fromStack(stack).toJSON());
  const templates = {
    data: read(stacks.data),
    pipeline: read(stacks.pipeline),
    operations: read(stacks.operations),
    policy: read(stacks.policy),
  };
  const all = Object.values(templates);

  return {
    app,
    stacks,
    templates,
    /** Writes the templates as a deployment would read them; answers where. */
    write: () => {
      app.synth();
      return outDir;
    },
    /** Every resource of a type, of all stacks. */
    resources: (type: string): Resource[] =>
      all.flatMap(({ Resources }) =>
        Object.entries(Resources)
          .filter(([, resource]) => resource.Type === type)
          .map(([logicalId, resource]) => ({ logicalId, ...resource })),
      ),
    nameOf,
  };

  /**
   * A value as a reader would say it: references become `<logical id>` or `<logical id.attribute>` of the stack where the resource
   * is, through every import; joined parts are put together.
   */
  function nameOf(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(nameOf);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [[key, operand] = ['', undefined]] = entries;
    if (entries.length === 1) {
      if (key === 'Ref') return `<${operand}>`;
      if (key === 'Fn::GetAtt') return `<${z.array(z.string()).parse(operand).join('.')}>`;
      if (key === 'Fn::Join') {
        const [separator, parts] = z.tuple([z.string(), z.array(z.unknown())]).parse(operand);
        return parts.map((part) => String(nameOf(part))).join(separator);
      }
      if (key === 'Fn::ImportValue') {
        const output = String(operand).replace(/^.*?:ExportsOutput/, 'ExportsOutput');
        const exporting = all.find(({ Outputs }) => Outputs[output] !== undefined);
        return nameOf(exporting?.Outputs[output]?.Value);
      }
    }
    return Object.fromEntries(entries.map(([name, inner]) => [name, nameOf(inner)]));
  }
}

/** The statements of a policy document, actions and resources as lists. */
export const statementsSchema = z
  .object({
    Statement: z.array(
      z.object({
        Effect: z.enum(['Allow', 'Deny']),
        Principal: z.unknown().optional(),
        Action: z.union([z.string(), z.array(z.string())]).transform((action) => [action].flat()),
        Resource: z.union([z.string(), z.array(z.string())]).transform((resource) => [resource].flat()),
        Condition: z.unknown().optional(),
      }),
    ),
  })
  .transform(({ Statement }) => Statement);
