import { PublishBatchCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { EscalationTopic } from '../ports.ts';

/** PublishBatch takes 10: https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
const noticesPerCall = 10;
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

  async publish(notices: readonly { readonly subject: string; readonly body: string }[]): Promise<readonly boolean[]> {
    const published: boolean[] = [];
    for (let start = 0; start < notices.length; start += noticesPerCall) {
      published.push(...(await this.#publishBatch(notices.slice(start, start + noticesPerCall))));
    }
    return published;
  }

  async #publishBatch(notices: readonly { readonly subject: string; readonly body: string }[]): Promise<boolean[]> {
    try {
      const { Successful = [] } = await this.#client.send(
        new PublishBatchCommand({
          TopicArn: this.#topicArn,
          PublishBatchRequestEntries: notices.map(({ subject, body }, index) => ({
            Id: String(index),
            Subject: subject.slice(0, subjectCharacters),
            Message: body,
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
