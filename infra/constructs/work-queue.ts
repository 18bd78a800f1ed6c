import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { DeduplicationScope, FifoThroughputLimit, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { retentionDays } from '../retention.ts';

interface WorkQueueProps {
  /** Without `.fifo`. Fixed, because key policies, vendors and runbooks name it. */
  readonly name: string;
  readonly key: IKey;
  readonly removalPolicy: RemovalPolicy;
  /** How long a consumer may hold a message before it is handed out again. */
  readonly visibilityTimeout: Duration;
  /** How many times a message is handed out before it is set apart. */
  readonly maxReceiveCount: number;
  /** Ordered by group, each message once. */
  readonly fifo?: boolean;
}

/** A queue of work and, beside it, the queue for what could not be worked. Encrypted, reached by TLS only, polled patiently. */
export class WorkQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const suffix = props.fifo === true ? '.fifo' : '';
    const common = {
      encryption: QueueEncryption.KMS,
      encryptionMasterKey: props.key,
      // Each new data key is a paid call to KMS, and an hour is its longest life.
      dataKeyReuse: Duration.hours(1),
      enforceSSL: true,
      removalPolicy: props.removalPolicy,
      ...(props.fifo === true
        ? {
            fifo: true,
            contentBasedDeduplication: false,
            deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
            fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
          }
        : {}),
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...common,
      queueName: `${props.name}-dlq${suffix}`,
      retentionPeriod: Duration.days(retentionDays.deadLetters),
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      queueName: `${props.name}${suffix}`,
      retentionPeriod: Duration.days(retentionDays.queues),
      visibilityTimeout: props.visibilityTimeout,
      // Short polling by a vendor's ten threads costs us about $100 a month, long polling less than one.
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: props.maxReceiveCount },
    });
  }
}
