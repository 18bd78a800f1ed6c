/** `replace` in the place of `find`, which stands once in the file. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A mistake that somebody could make in the product; where one alone changes nothing, because several things keep the promise, all of them. */
export interface Mutation extends Edit {
  readonly name: string;
  readonly also?: readonly Edit[];
}

/** Each breaks a promise that the storm must notice. */
export const mutations: readonly Mutation[] = [
  {
    name: 'answer the platform although the messages could not be stored',
    file: 'functions/receive-webhook/handler.ts',
    find: "if (!(await store(read.events, dependencies))) return refuse(503, 'store_unavailable');",
    replace: 'await store(read.events, dependencies);',
  },
  {
    name: 'store the first parcel of a large POST only',
    file: 'shared/intake.ts',
    find: 'parcels(ofAccount).map((parcel) => ({',
    replace: 'parcels(ofAccount).slice(0, 1).map((parcel) => ({',
  },
  {
    name: 'take a call to a queue that failed for done',
    file: 'shared/adapters/sqs-sender.ts',
    find: '      return [];\n',
    replace: '      return batch.map((_, index) => index);\n',
  },
  {
    name: 'acknowledge records that failed',
    file: 'shared/runtime/sqs-batch.ts',
    find: 'return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };',
    replace: 'return { batchItemFailures: [] };',
  },
  {
    name: 'drop what can never succeed',
    file: 'shared/runtime/sqs-batch.ts',
    find: "results.set(record.messageId, { kind: 'park', parts: [{ reason: body.reason, body: record.body }] });",
    replace: "results.set(record.messageId, { kind: 'done' });",
  },
  {
    name: 'owe nothing for an event that is known already',
    file: 'shared/casework.ts',
    find: "  return { kind: 'written', stored, after, again: true };",
    replace: "  return { kind: 'done', case: after, again: true };",
  },
  {
    name: 'write a case whatever its version is by now',
    file: 'shared/adapters/dynamo-case-store.ts',
    find: "ConditionExpression: 'version = :version AND caseId = :caseId'",
    replace: "ConditionExpression: 'attribute_exists(pk) OR (version = :version AND caseId = :caseId)'",
  },
  {
    name: 'show outsourced desks the words as they are',
    file: 'shared/hand-over.ts',
    find: 'const messages = await shownMessages(store, subject, stored, masks);',
    replace: 'const messages = await shownMessages(store, subject, stored, masks && undefined);',
  },
  {
    name: 'let the last message decide alone, and the gate look away',
    file: 'shared/domain/gate.ts',
    find: "if (subject.route !== 'vendor' || subject.desk === undefined) return undefined;\n    if (subject.reasons.length > 0 || subject.doubts.length > 0) return undefined;",
    replace: 'if (subject.desk === undefined) return undefined;',
    also: [
      {
        file: 'shared/domain/apply-event.ts',
        find: 'const stronger = untouched || (!stays && comparePlacement(decision, subject) > 0) ? decision : subject;',
        replace: 'const stronger = decision;',
      },
    ],
  },
  {
    name: 'leave deleted words where they are',
    file: 'shared/casework.ts',
    find: 'erases: await erases() });',
    replace: 'erases: [] });',
  },
  {
    name: 'forget what waits for its message',
    file: 'functions/triage-messages/handler.ts',
    find: "if ((await store.wait(event, eventId, arrival)) === 'waiting') {",
    replace: "if (eventId !== '') {",
  },
  {
    name: 'move a case without recalling its offer',
    file: 'shared/domain/apply-event.ts',
    find: 'effects: [...recall, ...moved.effects] };',
    replace: 'effects: moved.effects };',
  },
  {
    name: 'take an outcome whatever its fence',
    file: 'shared/domain/apply-event.ts',
    find: 'offer.fence !== event.fence || ',
    replace: '',
  },
  {
    name: 'break a promise and tell nobody',
    file: 'shared/domain/apply-event.ts',
    find: "...escalations.map((notice): Effect => ({ kind: 'escalate', ...notice })),",
    replace: '',
  },
  {
    name: 'fire timers before their time',
    file: 'functions/fire-timers/handler.ts',
    find: 'Date.parse(body.dueAt) <= now.getTime());',
    replace: 'Date.parse(body.dueAt) <= now.getTime() + 900_000);',
    // A queue's delay brings a timer within its last second, and the case itself refuses one that comes too early: three guards, all down.
    also: [
      {
        file: 'shared/timer-entry.ts',
        find: 'delaySeconds: Math.min(900, Math.max(0, Math.floor(secondsLeft))),',
        replace: 'delaySeconds: 0,',
      },
      {
        file: 'shared/domain/apply-event.ts',
        find: 'ahead.flatMap((one) => (one.at <= at ? [one.step] : []))',
        replace: 'ahead.filter((one) => one.at === dueAt).map((one) => one.step)',
      },
    ],
  },
  {
    name: 'log the words of a message',
    file: 'functions/triage-messages/handler.ts',
    find: "    event: 'message_triaged',\n",
    replace: "    event: 'message_triaged',\n    text: event.text,\n",
  },
];
