import type { InboundEvent } from '../../shared/domain/inbound-event.ts';
import { sendToIntake } from '../../shared/intake.ts';
import type {
  Ignored,
  Platform,
  PlatformSecrets,
  WebhookRequest,
  WebhookResponse,
} from '../../shared/platforms/platform.ts';
import type { QueueSender, SecretVault } from '../../shared/ports.ts';
import type { Log } from '../../shared/runtime/log.ts';

export interface Dependencies {
  readonly platformNamed: (name: string) => Platform | undefined;
  readonly vault: SecretVault;
  readonly queues: QueueSender;
  readonly intakeQueueUrl: string;
  readonly now: () => Date;
  readonly log: Log;
}

/** 1,000 updates with long texts fit; Lambda itself takes 6 MB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const largestBody = 4_500_000;

/**
 * Answers one webhook call: 200 only once everything in it is stored; 401 (or what the platform's protocol asks for) and nothing more for a call that no secret vouches for; 400 with a
 * code for a body that is not the platform's; 404, 413; 503 when the store or the vault cannot be reached, so that the platform retries.
 */
export async function receiveWebhook(
  platformName: string,
  request: WebhookRequest,
  dependencies: Dependencies,
): Promise<WebhookResponse> {
  const { platformNamed, log, now } = dependencies;
  const startedAt = now().getTime();
  const platform = platformNamed(platformName);
  const refuse = (status: number, code: string): WebhookResponse => {
    log({ event: 'webhook_refused', platform: platform?.name ?? 'unknown', status, code });
    return json(status, { code });
  };
  if (platform === undefined) return refuse(404, 'unknown_platform');
  if (request.body.byteLength > largestBody) return refuse(413, 'body_too_large');
  let admitted: Admission;
  try {
    admitted = await admit(platform, request, dependencies);
  } catch {
    return refuse(503, 'secrets_unavailable');
  }
  if (admitted.kind === 'challenge') return admitted.response;
  if (admitted.kind === 'refused') {
    const answer = (request.method === 'POST' ? platform.unverified : undefined) ?? { status: 401, body: '' };
    log({ event: 'webhook_refused', platform: platform.name, status: answer.status, code: 'not_verified' });
    return answer;
  }
  if (request.method === 'GET') return refuse(405, 'post_only');
  const read = platform.read(request.body, { pathAccount: request.pathAccount }, request.headers);
  if (read.kind === 'malformed') return refuse(400, read.code);
  if (!(await store(read.events, dependencies))) return refuse(503, 'store_unavailable');
  const warnings = read.ignored.filter(({ reason }) => reason === 'platform_warning').length;
  if (warnings > 0) log({ event: 'platform_warns', platform: platform.name, warnings });
  log({
    event: 'webhook_received',
    platform: platform.name,
    events: read.events.length,
    ignored: countByReason(read.ignored),
    ms: now().getTime() - startedAt,
  });
  return platform.accepted ?? { status: 200, body: '' };
}

type Admission = { kind: 'verified' } | { kind: 'refused' } | { kind: 'challenge'; response: WebhookResponse };

/** A handshake's answer, or whether a secret vouches for the call; read again once, because it may just have been rotated. */
async function admit(
  platform: Platform,
  request: WebhookRequest,
  { vault, now, log }: Dependencies,
): Promise<Admission> {
  const tryWith = async (secrets: PlatformSecrets): Promise<Admission> => {
    const response = platform.challenge?.(request, secrets);
    if (response !== undefined) return response.status < 400 ? { kind: 'challenge', response } : { kind: 'refused' };
    return (await platform.verify(request, secrets, now())) ? { kind: 'verified' } : { kind: 'refused' };
  };
  const secrets = await vault.secretsOf(platform.name);
  if (secrets.secrets.length === 0 && secrets.jwks === undefined)
    log({ event: 'secret_missing', platform: platform.name });
  const first = await tryWith(secrets);
  if (first.kind !== 'refused') return first;
  const newer = await vault.newerSecretsOf(platform.name);
  return newer === undefined ? first : tryWith(newer);
}

function store(events: readonly InboundEvent[], dependencies: Dependencies): Promise<boolean> {
  return sendToIntake(dependencies, events, { receivedAt: dependencies.now().toISOString() });
}

function countByReason(ignored: readonly Ignored[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(ignored, ({ reason }) => reason)].map(([reason, all]) => [reason, all.length]),
  );
}

function json(status: number, body: object): WebhookResponse {
  return { status, contentType: 'application/json', body: JSON.stringify(body) };
}
