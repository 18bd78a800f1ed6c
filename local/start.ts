import { type FSWatcher, watch } from 'node:fs';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { Policy } from '../shared/domain/policy.ts';

const defaultPort = 8787;
const help = `Runs all of Vigie on this machine. No AWS account, Docker or Java.

  npm start -- [--port N] [--data DIR] [--fresh] [--policy DIR]

  --port N      where webhooks and every AWS endpoint are served on 127.0.0.1 (default ${defaultPort})
  --data DIR    where cases, queues, secrets and logs are kept (default .vigie)
  --fresh       forget what an earlier run kept there
  --policy DIR  the policy to compile and run (default policy)
  --help        this text
`;

const optionsSchema = z.object({
  port: z.coerce
    .number()
    .int()
    .min(0)
    .max(65_535)
    .catch(() => complain('--port: write a number from 0 to 65535'))
    .default(defaultPort),
  data: z.string().default('.vigie'),
  policy: z.string().optional(),
  fresh: z.boolean().default(false),
  help: z.boolean().default(false),
});

/** A mistake on the command line, told in one line. */
class UsageError extends Error {
  override name = 'UsageError';
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const expected = error instanceof Error && ['UsageError', 'RunError'].includes(error.name);
  const reason = error instanceof Error ? error.message : String(error);
  console.error(expected ? reason : `Vigie could not start: ${reason}`);
  process.exit(1);
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(help);
    return;
  }
  let stop = async (): Promise<void> => {};
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void stop().finally(() => process.exit(0));
    });
  }
  const { startEmbeddedRun } = await import('./run.ts');
  const run = await startEmbeddedRun({
    dataDir: options.data,
    port: options.port,
    fresh: options.fresh,
    ...(options.policy === undefined ? {} : { policyDir: options.policy }),
  });
  const watching = watchPolicy(options.policy ?? 'policy', run.usePolicy);
  stop = () => {
    watching.close();
    return run.stop();
  };
  const receive = `curl -s ${run.url} -H 'content-type: application/x-amz-json-1.0' -H 'x-amz-target: AmazonSQS.ReceiveMessage'`;
  console.log(`vigie ready ${run.url}

Open it in a browser: what is going on, every case, and why it went where it went.

Next, in another terminal:
  npm run vigie -- watch    follow what happens to each message
  npm run vigie -- demo     send an afternoon of messages in French and English
  ${receive} -d '{"QueueUrl":"${run.queueUrl('in_house-urgent')}"}'
                            take a case from a desk's queue, as any SQS client can at ${run.sqsEndpoint}

Kept in ${options.data}. An edit of the policy holds from the next message on. Ctrl-C stops everything.`);
}

/** Has the run decide by the policy as it is edited; mistakes are told, and the last good one stays. */
function watchPolicy(directory: string, use: (policy: Policy) => void): FSWatcher {
  let timer: NodeJS.Timeout | undefined;
  const compile = async () => {
    const { compilePolicy, formatProblems } = await import('../infra/compile-policy.ts');
    const compiled = compilePolicy(directory);
    if (compiled.ok) use(compiled.policy);
    console.log(
      compiled.ok
        ? `policy ${compiled.policy.version} is in force`
        : `the policy before stays in force:\n${formatProblems(compiled.problems)}`,
    );
  };
  return watch(directory, { recursive: true }, () => {
    clearTimeout(timer);
    // Editors write a file in several steps.
    timer = setTimeout(() => void compile(), 200);
  });
}

function parseOptions(args: readonly string[]): z.infer<typeof optionsSchema> {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        data: { type: 'string' },
        policy: { type: 'string' },
        fresh: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return optionsSchema.parse(values);
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    return complain(error.message.split(/\. (?=To specify)/)[0] ?? error.message);
  }
}

function complain(reason: string): never {
  throw new UsageError(`${reason}\nnpm start -- --help lists the options.`);
}
