import { type InboundEvent, messageKeyOf } from '../../shared/domain/inbound-event.ts';
import type { FetchResult, MessageFetcher } from '../../shared/ports.ts';
import type { Log } from '../../shared/runtime/log.ts';
import type { RecordResult } from '../../shared/runtime/sqs-batch.ts';

/** An event on its way, with the time its POST came in. */
export interface Arrival {
  readonly receivedAt: string;
  readonly event: InboundEvent;
  /** When the brand answered it on the platform, where that was learnt with its words. */
  readonly answeredAt?: string | undefined;
  /** Read from the platform long after its webhook should have come. */
  readonly reconciled?: true | undefined;
}

interface Edges {
  readonly fetcher: MessageFetcher;
  readonly now: () => Date;
  readonly log: Log;
}

/** So long a message waits for an API that is down or throttled; then its case goes in-house unread, with the link to it. */
const waitForWordsSeconds = 900;
/** Calls side by side, and how long a batch may take for all of them: other customers' messages travel in it. */
const parallelCalls = 8;
const budgetMs = 8_000;

/**
 * What each event has become: with its words, where an API told them; a new message unread, where nobody entered a token or the wait was too long
 * (no vendor gets it then); or a result of its own. An edit of which nothing is learnt changes nothing. Events that came with their words are
 * left out.
 */
export async function fetchWords(
  arrivals: readonly Arrival[],
  edges: Edges,
): Promise<ReadonlyMap<Arrival, Arrival | RecordResult>> {
  const asking = arrivals.filter(({ event }) => event.type === 'fetch_needed' || event.unread === true);
  const outcomes = new Map<Arrival, Arrival | RecordResult>();
  const until = edges.now().getTime() + budgetMs;
  for (let next = 0; next < asking.length; next += parallelCalls) {
    const round = asking.slice(next, next + parallelCalls);
    await Promise.all(
      round.map(async (arrival) => {
        const inTime = edges.now().getTime() < until;
        const result: FetchResult = inTime
          ? await edges.fetcher.fetch(arrival.event)
          : { kind: 'later', because: 'no time left in this batch' };
        outcomes.set(arrival, outcomeOf(arrival, result, edges));
      }),
    );
  }
  return outcomes;
}

function outcomeOf(arrival: Arrival, result: FetchResult, { now, log }: Edges): Arrival | RecordResult {
  const { event, receivedAt } = arrival;
  const unread: Arrival | RecordResult = event.type === 'fetch_needed' ? arrival : { kind: 'done' };
  log({
    event: 'words_fetched',
    channel: event.channel,
    accountId: event.accountId,
    messageId: messageKeyOf(event),
    result: result.kind,
    ...('because' in result ? { because: result.because } : {}),
  });
  switch (result.kind) {
    case 'found':
      return found(arrival, result.message);
    case 'no_access':
      return unread;
    case 'gone':
      return { kind: 'done' };
    case 'later': {
      const waited = (now().getTime() - Date.parse(receivedAt)) / 1000;
      return waited < waitForWordsSeconds ? { kind: 'retry', because: `words not fetched: ${result.because}` } : unread;
    }
    case 'refused':
      return {
        kind: 'park',
        parts: [
          {
            reason: `words refused by ${event.channel}: ${result.because}`,
            body: JSON.stringify({ receivedAt, events: [event] }),
          },
        ],
      };
  }
}

function found(
  { receivedAt, event }: Arrival,
  { answeredAt, ...message }: Extract<FetchResult, { kind: 'found' }>['message'],
): Arrival | RecordResult {
  const author = message.author ?? event.author;
  // What the brand says about itself is no customer's.
  if (author.id !== undefined && author.id === event.accountId) return { kind: 'done' };
  const { unread: _, ...told } = event;
  const type = event.type === 'fetch_needed' ? 'message_received' : event.type;
  // The webhook's own word counts where both tell something.
  return { receivedAt, event: { ...message, ...told, type, author, text: message.text }, answeredAt };
}
