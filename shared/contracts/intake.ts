import * as z from 'zod';
import { inboundEventSchema } from '../domain/inbound-event.ts';

/**
 * One message on the intake queue: events of one account from one POST, or from one poll of its platform. Several travel together because SQS bills and carries
 * by the 64 KB; each is still judged, stored and, if need be, parked by itself.
 */
export const intakeRecordSchema = z.object({
  receivedAt: z.iso.datetime(),
  /** Read from the platform long after their webhooks should have come: a message among them that is new was lost on its way. */
  reconciled: z.literal(true).optional(),
  events: z.array(inboundEventSchema).min(1),
});
export type IntakeRecord = z.infer<typeof intakeRecordSchema>;
