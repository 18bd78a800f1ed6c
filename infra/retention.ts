/** How many days things are kept that cannot be deleted one by one. docs/operations.md tells it to people, `vigie erase` to whoever is erased. */
export const retentionDays = {
  /** A week to notice and restore; every day more keeps erased words a day longer. */
  tableBackups: 7,
  queues: 7,
  /** A standard queue's dead letters keep their first send time, so theirs must be the longer one. */
  deadLetters: 14,
  parked: 14,
};
