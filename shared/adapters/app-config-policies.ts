import {
  type AppConfigDataClient,
  GetLatestConfigurationCommand,
  StartConfigurationSessionCommand,
} from '@aws-sdk/client-appconfigdata';
import type { Policy } from '../domain/policy.ts';
import type { PolicySource } from '../ports.ts';
import type { Log } from '../runtime/log.ts';
import { unpackPolicy } from './packed-policy.ts';

interface PolicyPlace {
  readonly application: string;
  readonly environment: string;
  readonly profile: string;
}

/** After a call that failed; AppConfig itself says after each good one how long to wait. */
const retryMs = 15_000;
/** A batch must not wait for a policy that it does not need to wait for. */
const patienceMs = 2_000;

/**
 * The compiled policy from AppConfig, asked for when a batch comes and AppConfig's poll interval has passed: a function sleeps between batches.
 * What cannot be reached, is no policy, or names a desk that has no queues changes nothing: the last good policy stays in force.
 *
 * Each answer holds the token of the next question, good for 24 hours
 * (https://docs.aws.amazon.com/appconfig/2019-10-09/APIReference/API_appconfigdata_GetLatestConfiguration.html).
 */
export class AppConfigPolicies implements PolicySource {
  readonly #client: AppConfigDataClient;
  readonly #place: PolicyPlace;
  readonly #desks: ReadonlySet<string> | undefined;
  readonly #now: () => number;
  readonly #log: Log;
  #token: string | undefined;
  #askAgainAt = Number.NEGATIVE_INFINITY;
  #inForce: Policy | undefined;

  constructor(
    client: AppConfigDataClient,
    config: {
      readonly place: PolicyPlace;
      /** Desks that have queues; absent: nothing is handed over here. */
      readonly desks?: readonly string[];
      readonly now: () => number;
      readonly log: Log;
    },
  ) {
    this.#client = client;
    this.#place = config.place;
    this.#desks = config.desks && new Set(config.desks);
    this.#now = config.now;
    this.#log = config.log;
  }

  async current(): Promise<Policy> {
    if (this.#inForce === undefined || this.#now() >= this.#askAgainAt) await this.#ask();
    if (this.#inForce === undefined) throw new Error('there is no usable policy yet');
    return this.#inForce;
  }

  async #ask(): Promise<void> {
    let text: string;
    try {
      text = await this.#latest();
    } catch (error) {
      this.#token = undefined;
      this.#askAgainAt = this.#now() + retryMs;
      this.#log({
        event: 'policy_unreachable',
        because: error instanceof Error ? error.name : 'unknown',
        ...this.#kept(),
      });
      return;
    }
    // An empty answer means that the session has the latest already.
    if (text === '') return;
    const read = readPolicy(text, this.#desks);
    if (typeof read === 'string') {
      this.#log({ event: 'policy_refused', because: read, ...this.#kept() });
      return;
    }
    if (read.version === this.#inForce?.version) return;
    const before = this.#inForce?.version;
    this.#log({ event: 'policy_in_force', version: read.version, ...(before === undefined ? {} : { before }) });
    this.#inForce = read;
  }

  async #latest(): Promise<string> {
    const options = { abortSignal: AbortSignal.timeout(patienceMs) };
    const { application, environment, profile } = this.#place;
    this.#token ??= (
      await this.#client.send(
        new StartConfigurationSessionCommand({
          ApplicationIdentifier: application,
          EnvironmentIdentifier: environment,
          ConfigurationProfileIdentifier: profile,
        }),
        options,
      )
    ).InitialConfigurationToken;
    const answer = await this.#client.send(
      new GetLatestConfigurationCommand({ ConfigurationToken: this.#token }),
      options,
    );
    this.#token = answer.NextPollConfigurationToken;
    this.#askAgainAt = this.#now() + (answer.NextPollIntervalInSeconds ?? 60) * 1000;
    // The SDK makes of an empty body not always what its types say.
    return (answer.Configuration?.length ?? 0) > 0 ? (answer.Configuration?.transformToString() ?? '') : '';
  }

  #kept(): { inForce?: string } {
    return this.#inForce === undefined ? {} : { inForce: this.#inForce.version };
  }
}

/** The policy, or why it cannot be used here. */
function readPolicy(text: string, desks: ReadonlySet<string> | undefined): Policy | string {
  const policy = unpackPolicy(text);
  if (typeof policy === 'string') return policy;
  const unknown = Object.keys(policy.desks).filter((desk) => desks?.has(desk) === false);
  return unknown.length > 0 ? `no queues for ${unknown.join(', ')}: deploy all stacks` : policy;
}
