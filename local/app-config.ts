import * as z from 'zod';
import { type AwsAnswer, failed } from './aws-call.ts';
import type { Assembly } from './template.ts';

/** AppConfig's data plane as far as functions use it: sessions that are told of a configuration once, until there is another. */
export interface LocalAppConfig {
  /** Replaces what is in force; sessions hear of it at their next poll. */
  use(content: string): void;
  handle(operation: string, input: unknown): AwsAnswer;
}

const profileSchema = z.object({
  ApplicationIdentifier: z.string(),
  EnvironmentIdentifier: z.string(),
  ConfigurationProfileIdentifier: z.string(),
});
const latestSchema = z.object({ ConfigurationToken: z.string() });
const versionSchema = z.object({ Content: z.string(), ContentType: z.string() });
const rolloutSchema = z.object({
  ApplicationId: z.string(),
  EnvironmentId: z.string(),
  ConfigurationProfileId: z.string(),
  ConfigurationVersion: z.string(),
});

/** AWS lets sessions ask once a minute; somebody who edits a policy on a laptop should not wait for it. */
const pollSeconds = 1;

/** `<application>/<environment>/<profile>` in a session's token, then what it has seen. */
export function placeOfToken(token: string): string {
  return token.split('#')[0] ?? '';
}

/** Serves the configuration that the template rolls out, under the ids it has there. Throws where it rolls out none, or several. */
export function openAppConfig(assembly: Assembly): LocalAppConfig {
  const [rollout, ...more] = assembly
    .resources('AWS::AppConfig::Deployment')
    .map(({ properties }) => rolloutSchema.parse(properties));
  if (rollout === undefined || more.length > 0) throw new Error('the template does not roll out one configuration');
  const version = assembly
    .resources('AWS::AppConfig::HostedConfigurationVersion')
    .find(({ name }) => name === rollout.ConfigurationVersion);
  const { Content, ContentType } = versionSchema.parse(version?.properties);
  const place = [rollout.ApplicationId, rollout.EnvironmentId, rollout.ConfigurationProfileId].join('/');
  let content = Content;
  let generation = 1;

  return {
    use(next) {
      content = next;
      generation += 1;
    },
    handle(operation, input) {
      if (operation === 'StartConfigurationSession') {
        const request = profileSchema.safeParse(input).data;
        const asked = [
          request?.ApplicationIdentifier,
          request?.EnvironmentIdentifier,
          request?.ConfigurationProfileIdentifier,
        ];
        if (asked.join('/') !== place) {
          return failed('appconfig', {
            code: 'ResourceNotFoundException',
            message: 'There is no such configuration.',
            status: 404,
          });
        }
        return {
          status: 201,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ InitialConfigurationToken: `${place}#0` }),
        };
      }
      const [of, seen] = (latestSchema.safeParse(input).data?.ConfigurationToken ?? '').split('#');
      if (of !== place || seen === undefined) {
        return failed('appconfig', { code: 'BadRequestException', message: 'The token is not one of a session.' });
      }
      return {
        status: 200,
        headers: {
          'content-type': ContentType,
          'next-poll-configuration-token': `${place}#${generation}`,
          'next-poll-interval-in-seconds': String(pollSeconds),
        },
        body: Number(seen) === generation ? '' : content,
      };
    },
  };
}
