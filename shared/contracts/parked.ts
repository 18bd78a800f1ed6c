import * as z from 'zod';

/** What lies on the parked queue: a record, or the part of one, that can never succeed as it is. */
export const parkedRecordSchema = z.object({
  reason: z.string(),
  /** The SQS message it was a part of. */
  recordId: z.string(),
  /** Name of the queue it came from and may be sent to again. */
  queue: z.string(),
  /** As it stood on that queue; cut where it was longer than any of ours. */
  body: z.string(),
});
export type ParkedRecord = z.infer<typeof parkedRecordSchema>;
