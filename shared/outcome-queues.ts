import type { Destinations } from './hand-over.ts';

/**
 * On whose behalf a message of an outcome queue may speak. Each outsourced desk has a queue of its own, to which only its role may send; the brand's own
 * systems share one and may speak for any desk. Queues are known by name, as infra/data-stack.ts gives them; one with another name speaks for nobody.
 */
export function mayReport(desk: string, on: string, deskQueues: Destinations['deskQueues']): boolean {
  const urgent = deskQueues[desk]?.urgent.split('/').at(-1);
  const stem = on.replace(/-outcome$/, '');
  return stem !== on && (urgent === `${stem}-urgent.fifo` || urgent === `${stem}-${desk}-urgent.fifo`);
}

/** The address of an outsourced desk's own outcome queue, beside its urgent one. */
export function ownOutcomeQueue({ urgent }: Destinations['deskQueues'][string]): string {
  return urgent.replace(/-urgent\.fifo$/, '-outcome');
}
