// A made-up function that accepts whatever its queue holds.

export async function handler(): Promise<unknown> {
  return { batchItemFailures: [] };
}
