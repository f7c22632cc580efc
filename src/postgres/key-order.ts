/**
 * For transactions that read a key in its order and stop after a limited number of rows. The planner decides by
 * statistics, which do not include recent rows. Here only one index has the rows in the required order, so there is
 * nothing to decide.
 */
export const KEY_ORDER_SETTINGS =
  'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off';
