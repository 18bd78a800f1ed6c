import type { InboundEvent } from '../../domain/inbound-event.ts';
import {
  commentFields,
  conversationFields,
  feedFields,
  instagramCommentFields,
  mediaFields,
  type Pulled,
  readComments,
  readConversations,
  readFeed,
  readInstagramComments,
  readMedia,
  readMessages,
} from '../../platforms/meta-pages-read.ts';
import type { AccountId, PullResult, Span } from '../../ports.ts';
import { askGraph, graphFailure, graphPause, metaTokenOf } from '../words/meta-graph.ts';
import type { PlatformPull } from './platform-pull.ts';

interface Page {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly read: (answer: unknown) => Pulled;
  /** The rest of one of its parts. */
  readonly rest?: ((part: Pulled['unfinished'][number]) => Page) | undefined;
}

/** Posts, media and conversations that a run looks at, the latest first. */
const listed = '25';

/** Facebook's feed, Messenger's conversations and Instagram's media, from the Graph API. */
export function metaPages({ baseUrl, now }: { readonly baseUrl: string; readonly now: () => number }): PlatformPull {
  return {
    hasAccess: ({ channel, id }, { meta }) => firstPageOf.has(channel) && metaTokenOf(id, meta) !== undefined,
    async pull({ channel, id }, span, { tokens: { meta }, calls }) {
      const first = firstPageOf.get(channel)?.(id, span);
      const waiting = first === undefined ? [] : [first];
      const events: InboundEvent[] = [];
      let pauseSeconds: number | undefined;
      for (let made = 0; made < calls; made += 1) {
        const page = waiting.shift();
        if (page === undefined) return result(events, false, pauseSeconds);
        const answer = await askGraph(page.path, page.query, { accountId: id, meta, baseUrl });
        if (answer === undefined) return { kind: 'refused', because: 'no token' };
        const failure = graphFailure(answer);
        pauseSeconds = graphPause(answer, failure?.kind === 'later', now()) ?? pauseSeconds;
        if (failure !== undefined) return failed(failure, pauseSeconds);
        const pulled = page.read(answer.kind === 'answered' ? answer.body : undefined);
        events.push(...pulled.events);
        waiting.push(...nextPages(page, pulled, span));
        // Our share of the budget is used up: what is read so far counts, the rest is left.
        if (pauseSeconds !== undefined) return result(events, waiting.length > 0, pauseSeconds);
      }
      return result(events, waiting.length > 0, pauseSeconds);
    },
  };
}

function result(events: readonly InboundEvent[], cut: boolean, pauseSeconds: number | undefined): PullResult {
  return { kind: 'read', events, cut, ...(pauseSeconds === undefined ? {} : { pauseSeconds }) };
}

function failed(failure: NonNullable<ReturnType<typeof graphFailure>>, pauseSeconds: number | undefined): PullResult {
  if (failure.kind === 'later') {
    return { ...failure, ...(pauseSeconds === undefined ? {} : { pauseSeconds }) };
  }
  return { kind: 'refused', because: 'because' in failure ? failure.because : 'the account is not there' };
}

/** What of a page goes on elsewhere and may hold something new. */
function nextPages(page: Page, { after, oldest, unfinished }: Pulled, { since }: Span): Page[] {
  const isNew = (time: string | undefined) => time === undefined || time > since;
  return [
    ...unfinished.flatMap((part) => {
      const rest = isNew(part.oldest) ? page.rest?.(part) : undefined;
      return rest === undefined ? [] : [{ ...rest, query: { ...rest.query, after: part.after } }];
    }),
    ...(after === undefined || !isNew(oldest) ? [] : [{ ...page, query: { ...page.query, after } }]),
  ];
}

const firstPageOf: ReadonlyMap<AccountId['channel'], (id: string, span: Span) => Page> = new Map([
  [
    'facebook',
    (id: string, { since }: Span): Page => ({
      path: `${encodeURIComponent(id)}/feed`,
      query: { fields: feedFields(Math.floor(Date.parse(since) / 1000)), limit: listed },
      read: (answer) => readFeed(id, answer),
      rest: ({ id: post }) => ({
        path: `${encodeURIComponent(post)}/comments`,
        query: { fields: commentFields, filter: 'stream', order: 'reverse_chronological', limit: '100' },
        read: (answer) => readComments(id, post, answer),
      }),
    }),
  ],
  [
    'messenger',
    (id: string): Page => ({
      path: `${encodeURIComponent(id)}/conversations`,
      query: { platform: 'messenger', fields: conversationFields, limit: listed },
      read: (answer) => readConversations(id, answer),
      rest: ({ id: conversation }) => ({
        path: `${encodeURIComponent(conversation)}/messages`,
        query: { fields: 'id,created_time,from,to,message,attachments{mime_type}', limit: '100' },
        read: (answer) => readMessages(id, answer),
      }),
    }),
  ],
  [
    'instagram',
    (id: string): Page => ({
      path: `${encodeURIComponent(id)}/media`,
      query: { fields: mediaFields, limit: listed },
      read: (answer) => readMedia(id, answer),
      rest: ({ id: media, owner }) => ({
        path: `${encodeURIComponent(media)}/comments`,
        query: { fields: instagramCommentFields, limit: '50' },
        read: (answer) => readInstagramComments(id, owner, answer),
      }),
    }),
  ],
]);
