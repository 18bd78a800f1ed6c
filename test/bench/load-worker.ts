import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';

// Sends calls to a server from a thread of its own, so that the run it measures does not share an event loop with it.

const call = z.object({ path: z.string(), headers: z.record(z.string(), z.string()), body: z.string() });
export const loadSchema = z.object({
  url: z.url(),
  calls: z.array(call),
  /** Calls under way at a time. */
  parallel: z.number().int().positive(),
  /** Calls started per second; without it, each as soon as one before it is answered. */
  perSecond: z.number().positive().optional(),
});
export type Load = z.infer<typeof loadSchema>;

export const loadResultSchema = z.object({
  /** From the first call to the last answer. */
  milliseconds: z.number(),
  /** Of each call, from when it was to start, so that a server that stalls does not hide behind the calls it held up. */
  latencies: z.array(z.number()),
  statuses: z.record(z.string(), z.number()),
  /** Processor time of the thread. */
  cpuMilliseconds: z.number(),
});
export type LoadResult = z.infer<typeof loadResultSchema>;

if (parentPort !== null) parentPort.postMessage(await send(loadSchema.parse(workerData)));

async function send({ url, calls, parallel, perSecond }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: parallel });
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  const started = performance.now();
  const rest = calls.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { path, headers, body }] of rest) {
      const at = perSecond === undefined ? performance.now() : started + (index / perSecond) * 1000;
      const early = at - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const status = await post(agent, `${url}${path}`, headers, body);
      latencies.push(performance.now() - at);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const milliseconds = performance.now() - started;
  agent.destroy();
  const { user, system } = process.threadCpuUsage();
  return { milliseconds, latencies, statuses, cpuMilliseconds: (user + system) / 1000 };
}

function post(agent: Agent, url: string, headers: Record<string, string>, body: string): Promise<string> {
  return new Promise((resolve) => {
    const outgoing = request(
      url,
      { agent, method: 'POST', headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
      (incoming) => {
        incoming.resume();
        incoming.on('end', () => resolve(String(incoming.statusCode)));
        incoming.on('error', () => resolve('broken'));
      },
    );
    outgoing.on('error', () => resolve('broken'));
    outgoing.end(body);
  });
}
