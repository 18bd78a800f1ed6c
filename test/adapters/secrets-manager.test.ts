import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretsManagerVault } from '../../shared/adapters/secrets-manager.ts';
import { startAwsServer } from '../support/aws-server.ts';

describe('a platform’s secret', () => {
  let server: Awaited<ReturnType<typeof startAwsServer>>;
  let vault: SecretsManagerVault;
  let reads: unknown[];
  let now: number;
  let kept: string;
  let down: boolean;

  beforeEach(async () => {
    [reads, now, kept, down] = [[], 0, '{"secrets":["one"]}', false];
    server = await startAwsServer(({ input }) => {
      reads.push(input['SecretId']);
      return down ? { status: 500, body: '{}' } : { status: 200, body: JSON.stringify({ SecretString: kept }) };
    });
    vault = new SecretsManagerVault(new SecretsManagerClient(server.config), { prefix: 'vigie/test/', now: () => now });
  });
  afterEach(() => server.close());

  const minutes = (count: number) => count * 60_000;
  const secrets = async () => (await vault.secretsOf('meta')).secrets;

  it('is read by its name, and again after 15 minutes', async () => {
    expect(await secrets()).toEqual(['one']);
    kept = '{"secrets":["two","one"]}';
    now = minutes(15) - 1;
    expect(await secrets()).toEqual(['one']);
    now = minutes(15);
    expect(await secrets()).toEqual(['two', 'one']);
    expect(reads).toEqual(['vigie/test/meta', 'vigie/test/meta']);
  });

  it('is read again for a signature that failed, but not more than once a minute', async () => {
    await secrets();
    now = minutes(1) - 1;
    expect(await vault.newerSecretsOf('meta')).toBeUndefined();
    kept = '{"secrets":["two","one"]}';
    now = minutes(1);
    expect(await vault.newerSecretsOf('meta')).toEqual({ secrets: ['two', 'one'] });
    expect(await secrets()).toEqual(['two', 'one']);
    now = minutes(2) - 1;
    expect(await vault.newerSecretsOf('meta')).toBeUndefined();
    expect(reads).toHaveLength(2);
  });

  it('is read once by calls that come at one time, and not kept when it could not be read', async () => {
    await Promise.all([secrets(), secrets(), secrets()]);
    expect(reads).toHaveLength(1);
    down = true;
    now = minutes(15);
    await expect(secrets()).rejects.toThrow();
    down = false;
    expect(await secrets()).toEqual(['one']);
  });

  it('takes two values during a rotation and no third', async () => {
    kept = '{"secrets":["a","b","c"]}';
    await expect(secrets()).rejects.toThrow();
  });

  it('verifies nothing while it holds the placeholder', async () => {
    kept = '{"secrets":[]}';
    expect(await vault.secretsOf('meta')).toEqual({ secrets: [] });
  });
});
