/**
 * Time limits of connections and statements. Prepared statements of requests have their own limit
 * (prepared-statement.ts).
 */

/** For a connection, including the wait for a free one. With PREPARED_LIMIT_MS, a request is answered within 3 s. */
export const CONNECT_LIMIT_MS = 1_300;
/** Our statements are much faster. One that takes this long is blocked by a lock. */
export const STATEMENT_LIMIT_MS = 10_000;
/** By then PostgreSQL would have canceled the statement, so the server is gone. */
export const ANSWER_LIMIT_MS = STATEMENT_LIMIT_MS + 1_000;
/** Of a connection that no request uses. A new one is slow (gradual-pool.ts), so those of a busy minute stay for the next. */
export const IDLE_LIMIT_MS = 120_000;
/** Some networks forget a connection that is silent for four minutes. */
export const KEEP_ALIVE_MS = 60_000;
