/** Removes what calls have cost, and what they have taken from budgets, when it is old. */
import type { DataSource } from 'typeorm';
import { KEY_ORDER_SETTINGS } from '../../postgres/key-order.js';
import { minCallSidAt } from '../record/call-sid.js';

/** A year, and the month in which somebody looks at it. */
const KEPT_DAYS = 400;
const DAY_MS = 86_400_000;
const BATCH = 1_000;

const REMOVE_COSTS = `
delete from call_cost where ctid = any (array(
  select ctid from call_cost where call_sid < $1 order by call_sid limit ${BATCH} for update skip locked
)) and settled is not null`;

/** A batch less than whole is the last one, so rows that stay because something is reserved cannot keep it going. */
const REMOVE_USE = `
delete from budget_use where ctid = any (array(
  select ctid from budget_use where period_start < now() - interval '${KEPT_DAYS} days'
  order by period_start limit ${BATCH} for update skip locked
)) and reserved = 0`;

/** @returns whether there may be more */
export const removeOldCosts = (database: DataSource): Promise<boolean> =>
  database.transaction(async (transaction) => {
    await transaction.query(KEY_ORDER_SETTINGS);
    const first = minCallSidAt(new Date(Date.now() - KEPT_DAYS * DAY_MS));
    const [, costs] = await transaction.query<[unknown, number]>(REMOVE_COSTS, [first]);
    const [, uses] = await transaction.query<[unknown, number]>(REMOVE_USE);
    return costs === BATCH || uses === BATCH;
  });
