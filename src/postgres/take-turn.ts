import type { EntityManager } from 'typeorm';

/**
 * For work that one replica at a time does.
 * @param work its name
 * @returns the database's time if this transaction has the turn, until it ends; null if another one has it
 */
export const takeTurn = async (transaction: EntityManager, work: string): Promise<Date | null> => {
  const [{ isOurs, now }] = await transaction.query<[{ isOurs: boolean; now: Date }]>(
    'select pg_try_advisory_xact_lock(hashtext($1)) as "isOurs", now()',
    [work],
  );
  return isOurs ? now : null;
};
