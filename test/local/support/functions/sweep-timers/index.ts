// A made-up sweeper: says when it was called.

export async function handler(): Promise<unknown> {
  console.log(JSON.stringify({ at: new Date().toISOString(), function: 'sweep-timers', event: 'swept' }));
  return null;
}
