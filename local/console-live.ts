import type { ServerResponse } from 'node:http';
import { liveEntrySchema } from '../shared/contracts/console.ts';
import type { Journal, JournalEntry } from './journal.ts';

/** A proxy or a laptop that slept would otherwise keep a dead connection. */
const heartbeatMs = 15_000;
/** So many entries a reader who is new is told of. */
const latest = 20;
/** They are looked for among so many. */
const searched = 1_000;

/**
 * Tells a console what happens, as server-sent events (HTML standard, section 9.2), until it leaves: only what the page shows, each under
 * its number in the journal, so that a reader who comes back says where to go on; one who is new hears of the latest.
 */
export function serveLive(journal: Journal, answer: ServerResponse, lastEventId: string | undefined): void {
  const write = (entry: JournalEntry): void => {
    const told = liveEntrySchema.safeParse(entry);
    if (told.success) answer.write(`id: ${entry.n}\ndata: ${JSON.stringify(told.data)}\n\n`);
  };
  answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  answer.flushHeaders();
  const after = Number(lastEventId);
  const missed =
    lastEventId !== undefined && Number.isSafeInteger(after) && after >= 0
      ? journal.after(after)
      : journal
          .after(0)
          .slice(-searched)
          .filter((entry) => liveEntrySchema.safeParse(entry).success)
          .slice(-latest);
  for (const entry of missed) write(entry);
  const heartbeat = setInterval(() => answer.write(':\n\n'), heartbeatMs);
  const unfollow = journal.follow(write);
  answer.on('close', () => {
    clearInterval(heartbeat);
    unfollow();
  });
}
