// A made-up poll: finds nothing.

export async function handler(): Promise<unknown> {
  return null;
}
