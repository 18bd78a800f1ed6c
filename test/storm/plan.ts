import { randomFrom } from '../../local/random.ts';
import { canary } from '../support/canaries.ts';

/** What the storm sends, made up beforehand: the same seed, start and size give the same plan. */
export interface Plan {
  /** In the order of sending: shuffled, with 30 % sent twice. */
  readonly acts: readonly Act[];
  readonly messages: readonly PlannedMessage[];
  /** Stands in all words of its customers that are no noise, and nowhere else. */
  readonly canary: string;
}

/** One message of a customer and what must be true of it when all is over. */
export interface PlannedMessage {
  readonly key: string;
  /** Its words after all edits. */
  readonly text: string;
  readonly deleted: boolean;
  /** Marks in words that must never be shown to an outsourced desk. */
  readonly secretMarks: readonly string[];
  /** A mark in its last words, when these are image-sensitive: in-house must be shown them. */
  readonly alarming?: string;
}

export type Act =
  | {
      readonly kind: 'post';
      readonly platform: 'standard-webhooks' | 'meta';
      readonly id: string;
      readonly body: string;
    }
  | { readonly kind: 'poison'; readonly queue: 'intake' | 'timer' | 'outcome'; readonly body: string };

const page = '100200300';
/** One POST may hold so many updates (Meta, "Webhooks for Messenger"). */
const updatesInOnePost = 1_000;
const duplicates = 0.3;

const routine = [
  'Bonjour, mon colis devait arriver lundi, pouvez-vous me dire où il est',
  'Bonsoir, comment échanger des chaussures trop petites achetées la semaine dernière',
  'Hello, my parcel has not arrived yet, could you tell me where it is please',
  'Hi, I returned a coat three weeks ago and still wait for my refund, can you check',
  'Where can I find the opening hours of the shop near the station, please',
];
const sensitive = [
  'Ma fille est aux urgences après une réaction allergique à votre crème',
  'Je transmets le dossier à mon avocat et je porte plainte contre vous',
  'My son was injured by your product and is in hospital now',
  'Boycott this brand everyone, never buy anything from them again',
  'I will hand this over to my lawyer and see you in court',
];
const noise = ['👍👍👍', '@quelquun', '#lune #mode'];

interface Timed {
  readonly at: number;
  readonly act: Act;
}

/** `start` in milliseconds since 1970: the time of the first message. */
export function makePlan(seed: number, start: number, size: number, name: string): Plan {
  const random = randomFrom(seed);
  const chance = (share: number): boolean => random() < share;
  const one = (choices: readonly string[]): string => choices[Math.floor(random() * choices.length)] ?? '';
  const ownCanary = `${canary}${name}`;
  let marks = 0;
  /** Letters only: digits could be taken for a telephone number and masked. No mark is the beginning of another. */
  const mark = (): string => {
    marks += 1;
    return `${ownCanary}${letters(marks)}q`;
  };
  const timed: Timed[] = [];
  const messages: PlannedMessage[] = [];

  const post = (at: number, id: string, type: string, data: Readonly<Record<string, unknown>>): void => {
    const body = JSON.stringify({
      type,
      timestamp: new Date(start + at).toISOString(),
      data: { channel: 'generic', ...data },
    });
    timed.push({ at, act: { kind: 'post', platform: 'standard-webhooks', id, body } });
  };

  for (let customer = 0; messages.length < size; customer += 1) {
    const author = `${name}-customer-${customer}`;
    const thread = `${name}-thread-${customer}`;
    const begin = messages.length * 10;
    const written = 1 + Math.floor(random() * 4);
    for (let index = 0; index < written; index += 1) {
      const key = `${name}-m-${customer}-${index}`;
      const at = begin + index * 40;
      const isSensitive = chance(0.15);
      const own = mark();
      const email = chance(0.1) ? ` ${own}mail@example.com` : '';
      const isNoise = chance(0.1);
      let alarming = isSensitive && !isNoise ? own : undefined;
      let text = isNoise ? one(noise) : `${one(isSensitive ? sensitive : routine)}, ${own}${email}`;
      const secretMarks = isSensitive ? [own] : email === '' ? [] : [`${own}mail`];
      post(at, `${key}-created`, 'message.created', {
        id: key,
        author: { id: author },
        thread,
        text,
        public: chance(0.5),
      });
      if (chance(0.12)) {
        const edited = mark();
        const worse = chance(0.5);
        if (worse) secretMarks.push(edited);
        alarming = worse ? edited : undefined;
        text = `${one(worse ? sensitive : routine)}, ${edited}`;
        post(at + 500, `${key}-edited`, 'message.updated', {
          id: key,
          author: { id: author },
          thread,
          text,
          public: true,
        });
      }
      const deleted = chance(0.06);
      if (deleted) post(at + 1_000, `${key}-deleted`, 'message.deleted', { id: key, author: { id: author }, thread });
      messages.push({ key, text, deleted, secretMarks, ...(alarming === undefined ? {} : { alarming }) });
    }
    if (chance(0.15)) {
      const id = `${name}-r-${customer}`;
      post(begin + 200, id, 'reply.created', {
        id,
        thread,
        toAuthorId: author,
        text: 'Merci, nous regardons.',
        public: true,
      });
    }
  }

  const updates = Array.from({ length: Math.min(updatesInOnePost, size) }, (_, index) => {
    const key = `${name}-u-${index}`;
    const text = `${one(routine)}, ${mark()}`;
    messages.push({ key, text, deleted: false, secretMarks: [] });
    return {
      sender: { id: `${name}-batch-${index}` },
      recipient: { id: page },
      timestamp: start + index,
      message: { mid: key, text },
    };
  });
  const many = JSON.stringify({ object: 'page', entry: [{ id: page, time: start, messaging: updates }] });
  timed.push({ at: size * 5, act: { kind: 'post', platform: 'meta', id: `${name}-many`, body: many } });

  const poisons: readonly Act[] = [
    { kind: 'poison', queue: 'intake', body: `${name}: no JSON` },
    { kind: 'poison', queue: 'intake', body: JSON.stringify({ poison: name, receivedAt: 'never', events: [] }) },
    { kind: 'poison', queue: 'timer', body: JSON.stringify({ poison: name, caseId: 7 }) },
    { kind: 'poison', queue: 'outcome', body: JSON.stringify({ poison: name, fence: 'none' }) },
    { kind: 'poison', queue: 'outcome', body: JSON.stringify(unknownDesk(name, start)) },
  ];
  for (const act of poisons) timed.push({ at: random() * size * 10, act });

  const again = timed.filter(({ act }) => act.kind === 'post' && chance(duplicates));
  // Anything may overtake what was sent up to two seconds earlier, its own message included.
  const shuffled = [...timed, ...again].map(({ at, act }) => ({ at: at + random() * 2_000, act }));
  return { acts: shuffled.sort((a, b) => a.at - b.at).map(({ act }) => act), messages, canary: ownCanary };
}

function unknownDesk(name: string, start: number): object {
  const caseId = `${'0'.repeat(20)}-${'0'.repeat(10)}-1`;
  const at = new Date(start).toISOString();
  return { id: `poison-${name}`, type: 'claimed', caseId, offerId: `${caseId}-1`, fence: 1, desk: 'nobody', at };
}

function letters(value: number): string {
  let text = '';
  for (let rest = value; rest > 0; rest = Math.floor(rest / 20)) text = `${'bcdfghjklmnprstvwxyz'[rest % 20]}${text}`;
  return text;
}
