/**
 * For transactions that read a key in its order and stop after a limited number of rows. The planner decides by
 * statistics, which do not include recent rows. Here only one index has the rows in the required order, so there is
 * nothing to decide. Each is planned for its own values: a bound that is absent, or that excludes partitions, is no part of
 * the plan then.
 */
export const KEY_ORDER_SETTINGS =
  'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off; ' +
  'set local plan_cache_mode = force_custom_plan';
