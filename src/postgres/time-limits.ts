/** How long a connection and a statement may take; those of a request's own statements are in prepared-statement.ts. */

/** For a connection, waiting for a free one included. With PREPARED_LIMIT_MS it keeps an answer within 3 s. */
export const CONNECT_LIMIT_MS = 1_300;
/** No statement of ours takes nearly as long; one that does is stuck behind a lock. */
export const STATEMENT_LIMIT_MS = 10_000;
/** PostgreSQL would have given up by then: nobody is there any more. */
export const ANSWER_LIMIT_MS = STATEMENT_LIMIT_MS + 1_000;
