import type { Route } from '../shared/domain/decision.ts';

/** One call of a platform in the demonstration. */
export interface DemoStep {
  /** What happens, for the person who watches. */
  readonly title: string;
  readonly platform: string;
  readonly pathAccount?: string;
  /** The body as it goes over the wire; it says it was written now. */
  readonly body: (now: Date) => string;
  /** The name under which the message is known to its edits and replies. */
  readonly messageId: string;
  /** Where it must end up; absent for what makes no case of its own. */
  readonly route?: Route;
}

const page = '100200300';
const seconds = (now: Date) => Math.floor(now.getTime() / 1000);

function messenger(customer: string, mid: string, text: string) {
  return (now: Date) =>
    JSON.stringify({
      object: 'page',
      entry: [
        {
          id: page,
          time: now.getTime(),
          messaging: [
            {
              sender: { id: customer },
              recipient: { id: page },
              timestamp: now.getTime(),
              message: { mid, text },
            },
          ],
        },
      ],
    });
}

function pageReply(customer: string, mid: string, text: string) {
  return (now: Date) =>
    JSON.stringify({
      object: 'page',
      entry: [
        {
          id: page,
          time: now.getTime(),
          messaging: [
            {
              sender: { id: page },
              recipient: { id: customer },
              timestamp: now.getTime(),
              message: { mid, text, is_echo: true, app_id: 1 },
            },
          ],
        },
      ],
    });
}

function comment(author: { id: string; name: string }, id: string, text: string, verb: 'add' | 'edited' = 'add') {
  return (now: Date) =>
    JSON.stringify({
      object: 'page',
      entry: [
        {
          id: page,
          time: seconds(now),
          changes: [
            {
              field: 'feed',
              value: {
                item: 'comment',
                verb,
                from: author,
                post_id: `${page}_5550001`,
                parent_id: `${page}_5550001`,
                comment_id: id,
                message: text,
                created_time: seconds(now),
              },
            },
          ],
        },
      ],
    });
}

function whatsapp(from: { wa_id: string; name: string }, id: string, text: string) {
  return (now: Date) =>
    JSON.stringify({
      object: 'whatsapp_business_account',
      entry: [
        {
          id: '30100',
          changes: [
            {
              field: 'messages',
              value: {
                messaging_product: 'whatsapp',
                metadata: { display_phone_number: '33644600200', phone_number_id: '20100' },
                contacts: [{ profile: { name: from.name }, wa_id: from.wa_id }],
                messages: [
                  { from: from.wa_id, id, timestamp: String(seconds(now)), type: 'text', text: { body: text } },
                ],
              },
            },
          ],
        },
      ],
    });
}

function tweet(author: { id: string; name: string; verified?: boolean; followers?: number }, id: string, text: string) {
  return (now: Date) =>
    JSON.stringify({
      for_user_id: '900100',
      user_has_blocked: false,
      tweet_create_events: [
        {
          created_at: now.toUTCString().replace(/^(\w+), (\d+) (\w+) (\d+) ([\d:]+) GMT$/, '$1 $3 $2 $5 +0000 $4'),
          id_str: id,
          text,
          in_reply_to_user_id_str: '900100',
          user: {
            id_str: author.id,
            name: author.name,
            screen_name: author.name.toLowerCase().replace(/\W/g, ''),
            verified: author.verified ?? false,
            followers_count: author.followers ?? 120,
          },
          entities: { user_mentions: [{ id_str: '900100', screen_name: 'MaisonLune' }] },
        },
      ],
    });
}

function telegram(customer: { id: number; name: string }, updateId: number, text: string) {
  return (now: Date) =>
    JSON.stringify({
      update_id: updateId,
      message: {
        message_id: updateId % 100_000,
        from: { id: customer.id, is_bot: false, first_name: customer.name },
        chat: { id: customer.id, type: 'private', first_name: customer.name },
        date: seconds(now),
        text,
      },
    });
}

/**
 * A small, made-up but lifelike afternoon of the made-up brand Maison Lune, in French and English. Ids and customers are made of `run` (a whole number), so
 * that the afternoon can be sent again and again.
 */
export function demoAfternoon(run: number): readonly DemoStep[] {
  const customer = (number: number) => `${run}${number}`;
  const parcel = `m_demo_parcel_${run}`;
  const question = `5550001_${run}5`;
  const camille = { id: customer(5), name: 'Camille Roussel' };
  const askForParcel = messenger(
    customer(1),
    parcel,
    'Bonjour, où est mon colis ? Commande 48213, il devait arriver mardi.',
  );
  return [
    {
      title: 'Une cliente demande où est son colis (Messenger)',
      platform: 'meta',
      messageId: parcel,
      body: askForParcel,
      route: 'vendor',
    },
    {
      title: 'Messenger delivers the same message a second time',
      platform: 'meta',
      messageId: parcel,
      body: askForParcel,
    },
    {
      title: 'A customer asks how to return a lamp (WhatsApp)',
      platform: 'meta',
      messageId: `wamid.demo${run}`,
      body: whatsapp(
        { wa_id: `4477${run}`, name: 'Emma Clarke' },
        `wamid.demo${run}`,
        'Hello, how can I return the lamp I ordered last week? It is the wrong colour. My email is emma.clarke@example.com',
      ),
      route: 'vendor',
    },
    {
      title: 'Un enfant malade après une crème (commentaire Facebook)',
      platform: 'meta',
      messageId: `5550001_${run}2`,
      body: comment(
        { id: customer(2), name: 'Nadia Benali' },
        `5550001_${run}2`,
        'Ma fille de 3 ans a fait une réaction allergique à votre crème, nous sommes aux urgences !',
      ),
      route: 'in_house',
    },
    {
      title: 'A journalist asks for a comment (X)',
      platform: 'x',
      messageId: `${run}00000001`,
      body: tweet(
        { id: customer(6), name: 'Tom Whitfield', verified: true, followers: 48_000 },
        `${run}00000001`,
        '@MaisonLune I am a journalist with the Harbour Chronicle, who is your press contact for a story on your suppliers?',
      ),
      route: 'in_house',
    },
    {
      title: 'Un appel au boycott (commentaire Facebook)',
      platform: 'meta',
      messageId: `5550001_${run}3`,
      body: comment(
        { id: customer(3), name: 'Hugo Lambert' },
        `5550001_${run}3`,
        'N’achetez plus rien chez eux, #boycottMaisonLune, partagez !',
      ),
      route: 'in_house',
    },
    {
      title: 'A compliment (X)',
      platform: 'x',
      messageId: `${run}00000002`,
      body: tweet(
        { id: customer(7), name: 'Priya Shah' },
        `${run}00000002`,
        '@MaisonLune my new candle smells wonderful, thank you so much for the quick delivery!',
      ),
      route: 'vendor',
    },
    {
      title: 'Une idée de produit (Telegram)',
      platform: 'telegram',
      pathAccount: 'maison_lune_bot',
      messageId: `${run}:${run % 100_000}`,
      body: telegram(
        { id: run, name: 'Léa' },
        run,
        'Ce serait super si vous proposiez des recharges pour vos bougies !',
      ),
      route: 'product_ideas',
    },
    {
      title: 'Spam (commentaire Facebook)',
      platform: 'meta',
      messageId: `5550001_${run}4`,
      body: comment(
        { id: customer(4), name: 'Quick Profit' },
        `5550001_${run}4`,
        'Earn $5000 a week from home!!! Click the link https://quick-profit.example and message me on WhatsApp',
      ),
      route: 'set_aside',
    },
    {
      title: 'Camille demande les horaires d’un magasin (commentaire Facebook)',
      platform: 'meta',
      messageId: question,
      body: comment(camille, question, 'Bonjour, quels sont les horaires du magasin de Lyon dimanche ?'),
      route: 'vendor',
    },
    {
      title: '… then edits the comment: the risk rises, the vendor’s offer is recalled',
      platform: 'meta',
      messageId: question,
      body: comment(
        camille,
        question,
        'Bonjour, le vigile du magasin de Lyon a frappé mon frère, je porte plainte.',
        'edited',
      ),
      route: 'in_house',
    },
    {
      title: 'The brand’s own reply about the parcel: the first-reply clock stops',
      platform: 'meta',
      messageId: `m_demo_reply_${run}`,
      body: pageReply(customer(1), `m_demo_reply_${run}`, 'Bonjour, votre colis arrive demain avant midi.'),
    },
  ];
}
