import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { EscalationTopic, Notice } from '../ports.ts';

/** PublishBatch takes 10: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
const noticesPerCall = 10;
/** All of a call together may have 256 KB; the rest is for subjects and envelopes. */
const bytesPerCall = 200_000;
/** A subject with more characters is refused: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const subjectCharacters = 100;

/** Publishes notices on an SNS topic. */
export class SnsEscalations implements EscalationTopic {
  readonly #client: SNSClient;
  readonly #topicArn: string;

  constructor(client: SNSClient, config: { readonly topicArn: string }) {
    this.#client = client;
    this.#topicArn = config.topicArn;
  }

  async publish(notices: readonly Notice[]): Promise<readonly boolean[]> {
    const published: boolean[] = [];
    for (const batch of inBatches(notices)) published.push(...(await this.#publishBatch(batch)));
    return published;
  }

  async #publishBatch(notices: readonly Notice[]): Promise<boolean[]> {
    try {
      const { Successful = [] } = await this.#client.send(
        new PublishBatchCommand({
          TopicArn: this.#topicArn,
          PublishBatchRequestEntries: notices.map((notice, index) => ({
            Id: String(index),
            Subject: notice.subject.slice(0, subjectCharacters),
            MessageStructure: 'json',
            Message: JSON.stringify(messageByProtocol(notice)),
          })),
        }),
      );
      const ids = new Set(Successful.map(({ Id }) => Id));
      return notices.map((_, index) => ids.has(String(index)));
    } catch {
      return notices.map(() => false);
    }
  }
}

/**
 * What each kind of subscriber gets: people sentences, machines the notice, and Slack or Teams what Amazon Q Developer in chat applications, which
 * subscribes by https, shows; it drops whatever has another form (its administrator guide, "Custom notifications").
 */
function messageByProtocol({ subject, body, words }: Notice) {
  const forChat = {
    version: '1.0',
    source: 'custom',
    content: { textType: 'client-markdown', title: subject, description: words },
  };
  return { default: body, email: words, https: JSON.stringify(forChat) };
}

function inBatches(notices: readonly Notice[]): Notice[][] {
  const batches: Notice[][] = [];
  let left = 0;
  for (const notice of notices) {
    const bytes = Buffer.byteLength(JSON.stringify(messageByProtocol(notice)));
    const batch = batches.at(-1);
    if (batch !== undefined && batch.length < noticesPerCall && bytes <= left) batch.push(notice);
    else {
      batches.push([notice]);
      left = bytesPerCall;
    }
    left -= bytes;
  }
  return batches;
}
