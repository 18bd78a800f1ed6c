import { WebhookClientError } from '../webhook-client.ts';

/** What ops did wrong, in one line; shown without a stack trace. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** Runs a command and turns a mistake of its user into one line on stderr and exit code 1. */
export async function reportUsage(command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const wrongOption = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    // What AWS answers, or why it could not be asked: its own words say what to do.
    const fromAws =
      '$metadata' in error || /^(?:Credentials|TokenProvider)|ECONNREFUSED|ENOTFOUND/.test(error.name + error.message);
    if (!(error instanceof UsageError || error instanceof WebhookClientError || wrongOption || fromAws)) throw error;
    console.error(fromAws ? `${error.name}: ${error.message}` : error.message);
    return 1;
  }
}
