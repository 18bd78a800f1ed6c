import { deflateRawSync, inflateRawSync } from 'node:zlib';

/**
 * What cases and their events have in common, for the compressor to refer to: the names of their fields and the words most of them hold. Packed
 * items name it by its number, so it is never changed: a better one is added under the next number.
 */
const first = [
  '"closedAt":"","previous":"","erased":"withdrawn","quiet","waiting","resolved","set_aside","product_ideas","needs_in_house","proposes_crisis"',
  '"discrimination","data_privacy","press_or_influencer","abuse_or_threat","strong_public_anger","brand_or_community","vulnerable_person","legal","boycott"',
  '{"type":"timer_fired","clock":"next_reply","dueAt":"{"type":"own_reply","id":"own_reply:{"type":"claimed","heartbeat","answered","waiting_for_customer","handed_back"',
  '"channel":"instagram","channel":"messenger","channel":"whatsapp","channel":"x","channel":"sms","channel":"telegram","channel":"generic"',
  '"effects":[{"kind":"recall","desk":"in_house","lane":"urgent","because":"risk_changed","effects":[{"kind":"offer","desk":"vendor_","lane":"standard","offerId":"","fence":1}]}',
  '"calendars":[{"id":"","version":"","zone":"Europe/Paris","weeks":[{"days":[[[540,780],[840,1080]],[[540,780],[840,1080]],[]]}],"closed":["2026-01-01","2026-05-01","2026-12-25","2027-01-01","2028-01-01"],"special":{}}]',
  '"takeOver":{"policyVersion":"","claimSeconds":7200,"answerSeconds":14400,"calendar":""}',
  '"score":{"total":0,"parts":[{"name":"unhappy_in_public","points":0.5}]},"notChosen":[{"rule":"people_at_risk","because":"no reason holds"},{"rule":"image_sensitive","because":"no reason holds"},{"rule":"no_words","because":"is no noise"},{"rule":"spam","because":"is no noise"},{"rule":"pure_insult","because":"is no noise"},{"rule":"doubtful","because":"nothing is in doubt"},{"rule":"risky","because":"risk 0 is below 1.6"},{"rule":"idea","because":"topics are order_delivery, refund_return, billing, product_quality, how_to, store_info, account_access, complaint_service, praise"}]',
  '"targets":{"firstReplySeconds":14400,"nextReplySeconds":14400,"resolutionSeconds":259200,"claimSeconds":7200,"answerSeconds":14400,"calendar":""}',
  '"offer":{"id":"","fence":1,"desk":"","lane":"standard","claimed":false,"lease":{"claim":{"startedAt":"","dueAt":"","seconds":7200,"policyVersion":""},"answer":{"startedAt":"","dueAt":"","fulfilledAt":"","firedAt":"","seconds":14400,"policyVersion":""}}}',
  '"messages":{"count":1,"deleted":0,"firstAt":"","lastAt":"","recent":[{"messageKey":"","eventId":"message_received:","at":""}]},"timeline":{"entries":[{"kind":"asked","at":"","key":"","terms":""}],"terms":{"":{"policyVersion":"","firstReplySeconds":14400}}},"clocks":{"first_reply":{"startedAt":""},"resolution":{"startedAt":""}},"leaseTerms":{"in_house":{"policyVersion":""}}',
  '{"id":"","number":1,"conversation":{"channel":"facebook","accountId":"","thread":"","author":""},"version":1,"state":"open","route":"vendor","desk":"vendor_","priority":"normal","reasons":[],"doubts":[],"rule":"routine","because":"","policyVersion":"","public":true,"language":"en"',
  '{"caseId":"","conversation":{"channel":"facebook","accountId":"","thread":"","author":""},"event":{"type":"message_received","id":"message_received:","at":"2026-11-28T02:03:03.000Z","recordedAt":"2026-11-28T02:03:04.684Z","messageKey":"","messageId":"","author":{"id":"","name":""},"public":true,"language":"fr","decision":{"route":"in_house","desk":"in_house","priority":"high"',
].join('');
const second = [
  '"because":"Image-sensitive: stays in-house with the people who know the brand.","because":"No rule is sure enough to let this out of the house.","rule":"image_sensitive","rule":"people_at_risk","rule":"default","rule":"no_words","rule":"spam"',
  '"by":"","because":"","held":[{"clock":"first_reply","dueAt":"","desk":"in_house","tell":"manager","step":0,"did":"take_in_house","at":""}],"counted":["vendor_',
  '"cancelledAt":"","firedAt":"","stepsFired":{"-1200":"","0":"","3600":""},"seenAt":"","acknowledgedAt":"","bound":"reply_window","closing":true,"inReplyTo":"","permalink":"https://www.facebook.com/https://www.instagram.com/',
  '"closed":["2026-01-01","2026-04-06","2026-05-01","2026-05-08","2026-05-14","2026-05-25","2026-07-14","2026-08-15","2026-11-01","2026-11-11","2026-12-25","2026-12-26","2027-01-01","2027-03-29","2027-05-01","2027-05-06","2027-05-08","2027-05-17","2027-07-14","2027-08-15","2027-11-01","2027-11-11","2027-12-25","2027-12-26","2028-01-01","2028-04-17","2028-05-01","2028-05-08","2028-05-25","2028-06-05","2028-07-14","2028-08-15","2028-11-01","2028-11-11","2028-12-25","2028-12-26"],"special":{"2026-12-24":[[540,720]],"2026-12-31":[[540,720]]}}',
  '"weeks":[{"days":[[[540,780],[840,1080]],[[540,780],[840,1080]],[[540,780],[840,1080]],[[540,780],[840,1080]],[[540,780],[840,1080]],[[600,780]],[]]}],"closed":["',
  '"takeOver":{"in_house":{"policyVersion":"","claimSeconds":7200,"answerSeconds":14400,"calendar":""}},"ladder":',
  '"ladders":{"":{"silenceSeconds":3600,"steps":[{"clock":"first_reply","seconds":-1200,"tell":"lead","do":"raise_priority"},{"clock":"next_reply","seconds":-1200,"tell":"lead","do":"raise_priority"},{"clock":"first_reply","seconds":0,"tell":"manager","do":"take_in_house"},{"clock":"next_reply","seconds":0,"tell":"manager","do":"take_in_house"},{"clock":"resolution","seconds":0,"tell":"manager","do":"take_in_house"},{"clock":"first_reply","seconds":3600,"tell":"duty","do":"raise_priority"},{"clock":"next_reply","seconds":3600,"tell":"duty","do":"raise_priority"},{"clock":"claim","seconds":0,"tell":"lead","do":"other_desk"},{"clock":"answer","seconds":0,"tell":"lead","do":"other_desk"}]}},"held":[],"desk":"vendor_","fitting":["vendor_',
  '"notChosen":[{"rule":"people_at_risk","because":"no reason holds"},{"rule":"image_sensitive","because":"no reason holds"},{"rule":"few_stars","because":"is no noise"},{"rule":"no_words","because":"is no noise"},{"rule":"no_matter_of_ours","because":"is no noise"},{"rule":"spam","because":"is no noise"},{"rule":"pure_insult","because":"is no noise"},{"rule":"doubtful","because":"nothing is in doubt"},{"rule":"risky","because":"risk 0 is below 1.6"},{"rule":"idea","because":"topics are order_delivery, refund_return, billing, complaint_service"},{"rule":"routine","because":"vendor_ does not read fr"}],"policyVersion":"","targets":{"firstReplySeconds":14400,"nextReplySeconds":14400,"resolutionSeconds":259200,"claimSeconds":7200,"answerSeconds":14400}},"nonce":"","replyBy":"","reopenWithinSeconds":172800,"calendars":[{"id":"',
  '"leaseTerms":{"in_house":{"policyVersion":"","claimSeconds":7200,"answerSeconds":14400,"calendar":""},"vendor_":{"policyVersion":"","claimSeconds":7200,"answerSeconds":14400}},',
  '"messages":{"count":1,"deleted":0,"recent":[{"messageKey":"","eventId":"message_received:","at":""}],"firstAt":"","lastAt":""},"timeline":{"entries":[{"kind":"asked","at":"","key":"","replyBy":"","terms":""},{"kind":"replied","at":""}],"terms":{"":{"policyVersion":"","firstReplySeconds":14400,"nextReplySeconds":14400,"resolutionSeconds":259200}}},"calendars":{"":{"id":"","version":"","zone":"Europe/Paris",',
  '"clocks":{"first_reply":{"startedAt":"","dueAt":"","seconds":14400,"policyVersion":""},"resolution":{"startedAt":"","dueAt":"","seconds":259200,"policyVersion":""}},',
  '"offer":{"id":"","fence":1,"desk":"vendor_","lane":"standard","claimed":false,"lease":{"claim":{"startedAt":"","dueAt":"","seconds":7200,"policyVersion":""},"answer":{"startedAt":"","dueAt":"","seconds":14400,"policyVersion":""}}}',
  '"rule":"routine","because":"Routine service, for an outsourced desk that answers in this language.","policyVersion":"","public":false,"language":"fr","fence":1,',
].join('');
const dictionaries: Readonly<Record<number, Buffer>> = { 1: Buffer.from(first), 2: Buffer.from(first + second) };
const current = 2;

/**
 * A JSON value in as few bytes as DynamoDB can be billed for (it bills writes by 1 KB, and cases with their events would take three each as text): the
 * number of the dictionary in one byte, then raw deflate.
 */
export function packJson(value: unknown): Uint8Array {
  const packed = deflateRawSync(JSON.stringify(value), { dictionary: dictionaries[current] });
  return Buffer.concat([Buffer.of(current), packed]);
}

/** What `packJson` packed. Throws on anything else, as `JSON.parse` does. */
export function unpackJson(bytes: Uint8Array): unknown {
  const [number = 0] = bytes;
  const dictionary = dictionaries[number];
  if (dictionary === undefined) throw new SyntaxError(`packed with an unknown dictionary ${number}`);
  return JSON.parse(inflateRawSync(bytes.subarray(1), { dictionary }).toString());
}
