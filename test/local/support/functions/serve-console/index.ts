// A made-up console: answers with who asked for what.

export async function handler(event: unknown): Promise<unknown> {
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
}
