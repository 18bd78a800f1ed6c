import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isNode, LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';

/** Regions with Amazon Comprehend's synchronous calls (Comprehend developer guide, "Supported Regions"). */
const comprehendRegions = [
  'us-east-1',
  'us-east-2',
  'us-west-2',
  'ca-central-1',
  'eu-west-1',
  'eu-west-2',
  'eu-central-1',
  'ap-south-1',
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-southeast-1',
  'ap-southeast-2',
] as const;

/** Days that CloudWatch Logs can keep a log for, up to two years. */
const retentionDays = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731] as const;

const accountId = z
  .string('write the 12 digits of an AWS account in quotes')
  .regex(/^\d{12}$/, 'write the 12 digits of an AWS account in quotes');
const emails = z.array(z.email('write an e-mail address'), 'write a list of e-mail addresses; [] for none');

const roleError = 'write the ARN of an IAM role, like arn:aws:iam::222222222222:role/vigie-consumer';

/** A whole number from one to another. */
const whole = (from: number, to: number) => {
  const error = `write a whole number from ${from} to ${to}`;
  return z.int(error).min(from, error).max(to, error);
};

const vendorSchema = z
  .strictObject(
    {
      account: accountId,
      /** The one role of the vendor's account that may consume. */
      role: z.string(roleError).regex(/^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/, roleError),
    },
    'write account and role, each on a line below',
  )
  .refine(({ account, role }) => role.split(':')[4] === undefined || role.split(':')[4] === account, {
    path: ['role'],
    message: 'write a role of the account above: it belongs to another',
  });

const clientError = 'write the id of a public client with PKCE and this console as its redirect address';
const claimError = "write the name of the claim that holds somebody's roles";
const slackError = {
  workspace: 'write the id of the workspace, like T012ABCDEFG',
  channel: 'write the id of the channel, like C012ABCDEFG',
};
const teamsChannelError = "write the channel's id as in its link, like 19%3a…%40thread.tacv2";

const settingsSchema = z.strictObject({
  account: accountId.optional(),
  region: z
    .enum(comprehendRegions, `write a region that has Amazon Comprehend: ${comprehendRegions.join(', ')}`)
    .optional(),
  /** Scheme and host the platforms were given; without it, the HTTP API's own address. */
  publicBaseUrl: z
    .url({ protocol: /^https?$/, error: 'write scheme and host, like https://hooks.example.com' })
    .regex(/[^/]$/, 'leave the slash at the end out')
    .optional(),
  alarmEmails: emails,
  escalationEmails: emails,
  logRetentionDays: z.union(
    retentionDays.map((days) => z.literal(days)),
    `write one of ${retentionDays.join(', ')}`,
  ),
  /** Whether table, queues and keys outlive their stack and refuse to be deleted. */
  retainData: z.boolean('write true or false'),
  vendors: z
    .record(z.string(), vendorSchema, 'write the desks of vendors, each with account and role below it')
    .default({}),
  /** Who lets people into the console: any OpenID Connect provider. Without it the console's API takes only calls signed with the account's own credentials. */
  console: z
    .strictObject(
      {
        issuer: z.url({ protocol: /^https$/, error: 'write the issuer as its tokens name it, https://…' }),
        clientId: z.string(clientError).min(1, clientError),
        /** The claim that names somebody's roles: viewer, agent, lead. */
        rolesClaim: z.string(claimError).min(1, claimError).default('roles'),
        /** Where the provider's authorization and token endpoints are, if not at the issuer. */
        hosts: z.array(z.url({ protocol: /^https$/, error: 'write https:// and a host' }), 'write a list').default([]),
      },
      'write issuer and clientId, each on a line below',
    )
    .optional(),
  /** Endpoint of a custom classifier of Comprehend, asked where our own lists leave open what a message is about. It costs by the hour, used or not. */
  classifierEndpoint: z
    .string('write the ARN of an endpoint, arn:aws:comprehend:…:document-classifier-endpoint/…')
    .regex(
      /^arn:aws:comprehend:[a-z0-9-]+:\d{12}:document-classifier-endpoint\/[a-zA-Z0-9-]{1,63}$/,
      'write the ARN of an endpoint, arn:aws:comprehend:…:document-classifier-endpoint/…',
    )
    .optional(),
  /** Where alarms and escalations appear besides: channels of Slack or Teams, through Amazon Q Developer in chat applications. */
  chat: z
    .strictObject(
      {
        slack: z
          .strictObject(
            {
              workspaceId: z.string(slackError.workspace).regex(/^[0-9A-Z]{1,255}$/, slackError.workspace),
              channelId: z.string(slackError.channel).regex(/^[A-Za-z0-9]{1,100}$/, slackError.channel),
            },
            'write workspaceId and channelId',
          )
          .optional(),
        teams: z
          .strictObject(
            {
              tenantId: z.guid('write the tenant id of Microsoft Entra'),
              teamId: z.guid("write the team's id (groupId in its link)"),
              channelId: z.string(teamsChannelError).min(1, teamsChannelError),
            },
            'write tenantId, teamId and channelId',
          )
          .optional(),
      },
      'write slack or teams below',
    )
    .default({}),
  /** Dollars a month that this stage may cost; an alarm rings when Comprehend spends a day's share, or AWS sees or foresees more. */
  monthlyBudgetUsd: z.number('write dollars a month').positive('write dollars a month').optional(),
  /** Hours without any webhook call after which the silence itself is an alarm; without it, none is. */
  silenceAlarmHours: whole(1, 24).optional(),
  /** A changed policy reaches a fifth of the functions at a time over so many minutes, and is watched for so many more; 0 for at once. */
  policyRollout: z
    .strictObject({ minutes: whole(0, 1440), watchedMinutes: whole(0, 1440) }, 'write minutes and watchedMinutes')
    .default({ minutes: 10, watchedMinutes: 10 }),
  /** Webhook calls per second above which API Gateway answers 429, and how many may come at once. */
  webhookThrottle: z
    .strictObject({ perSecond: whole(1, 100_000), burst: whole(1, 100_000) }, 'write perSecond and burst')
    .default({ perSecond: 500, burst: 1000 }),
  /** How many batches of one kind are worked on at the same time (Lambda: at least 2). */
  concurrency: z
    .strictObject(
      {
        triage: whole(2, 1000).default(10),
        timers: whole(2, 1000).default(5),
        outcomes: whole(2, 1000).default(5),
        /** Keeps so much of the account's concurrency for webhooks, and allows them no more; without it they share with all others. */
        webhooks: whole(1, 1000).optional(),
      },
      'write triage, timers, outcomes or webhooks below',
    )
    .prefault({}),
});
export type Settings = z.infer<typeof settingsSchema>;

/** A mistake in what a person wrote, told in words that need no stack trace. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError';
}

/**
 * The settings of a stage, read from `<dir>/<stage>.yaml`.
 * @throws ConfigurationError naming file, line and setting, and saying what to write.
 */
export function readSettings(stage: string, dir: string): Settings {
  // With a desk of 40 letters the longest queue name then has the 80 that SQS allows.
  if (!/^[a-z][a-z0-9-]{0,14}$/.test(stage)) {
    throw new ConfigurationError(
      `stage "${stage}": write up to 15 lower-case letters, digits and hyphens, starting with a letter`,
    );
  }
  const file = join(dir, `${stage}.yaml`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new ConfigurationError(
      `stage "${stage}" has no settings: write ${file}, starting from a copy of prod.yaml beside it`,
    );
  }
  return parseSettings(text, file);
}

/** As `readSettings`, for the text of a settings file; `file` is only named in what is thrown. */
export function parseSettings(text: string, file: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntax] = document.errors;
  if (syntax !== undefined) {
    throw new ConfigurationError(`${file}:${lines.linePos(syntax.pos[0]).line}: ${syntax.message.split('\n')[0]}`);
  }
  let content: unknown;
  try {
    content = document.toJS() ?? {};
  } catch (error) {
    throw new ConfigurationError(`${file}: ${error instanceof Error ? error.message : 'cannot be read'}`);
  }
  const parsed = settingsSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues
      .map((issue) => {
        const unknown = issue.code === 'unrecognized_keys' ? issue.keys : [];
        const path = [...issue.path.map(String), ...unknown.slice(0, 1)];
        const message = unknown.length > 0 ? 'is not a setting: remove it or correct its name' : issue.message;
        const line = lineOf(document.contents, path);
        return `${file}${line === undefined ? '' : `:${line}`}: ${path.join('.')}: ${message}`;
      })
      .join('\n'),
  );

  /** Where the deepest part of `path` that exists is written. */
  function lineOf(root: unknown, path: readonly string[]): number | undefined {
    let node: unknown = root;
    let offset: number | undefined;
    for (const step of path) {
      if (!isMap(node)) break;
      const pair = node.items.find((item) => isNode(item.key) && String(item.key) === step);
      if (pair === undefined) break;
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    }
    return offset === undefined ? undefined : lines.linePos(offset).line;
  }
}
