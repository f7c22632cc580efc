/**
 * For the transaction of statements that read a key in its order and stop after a limited number of rows. The planner chooses
 * by statistics, which know nothing of what has come in since they were gathered. Here is nothing to choose: there is one
 * index that has the rows in their order.
 */
export const KEY_ORDER_SETTINGS =
  'set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off';
