/**
 * Checks a pooler in front of DATABASE_URL that uses another session for each transaction, while DATABASE_DIRECT_URL
 * bypasses it. Every session must then have what requests need: prepared statements by the pooler, settings by the
 * role's defaults. The two URLs may use different roles; only the direct one migrates.
 */
import { REQUEST_SESSION } from './data-source-options.js';
import { connectionTo } from '../postgres/first-connection.js';
import type { TimeoutClient } from '../postgres/timeout-client.js';
import { checkRights } from './missing-rights.js';
import { isShared, processOf } from '../postgres/session-check.js';
import { neededByDefault } from '../postgres/session-options.js';

/** Other clients may use the pooler at the same time, so one try may miss it. */
const TRIES = 10;

const OTHER_DATABASE =
  'DATABASE_DIRECT_URL has to lead to the database of DATABASE_URL: this is another one, or another server.';

const NOT_PREPARED =
  'The pooler in front of DATABASE_URL shares sessions and loses prepared statements. PgBouncer keeps them since version 1.21, ' +
  'where max_prepared_statements is more than 0 (the default since 1.24); with an earlier one, set pool_mode = session: docs/database.md.';

/** SQLSTATE of a prepared statement that exists only in another session, or that another client has created here. */
const OF_LOST_STATEMENTS = ['26000', '42P05'];

/** @throws Error with the fault and its remedy, if requests cannot be served through the pooler */
export const checkPooler = async (url: string, directUrl: string): Promise<void> => {
  // With the settings of requests, because they stay in a session that may serve requests next.
  const clients = await Promise.all([url, url].map((one) => connectionTo(one, 'DATABASE_URL', REQUEST_SESSION)));
  const direct = await connectionTo(directUrl, 'DATABASE_DIRECT_URL');
  try {
    const [client, other] = clients as [TimeoutClient, TimeoutClient];
    if ((await serverOf(client)) !== (await serverOf(direct))) throw new Error(OTHER_DATABASE);
    // The role may differ from the one that migrates.
    await checkRights(client, 'DATABASE_URL');
    if (!(await sharesSessions(client, other))) return;
    await checkPreparedStatements(clients);
    await checkDefaults(client);
  } finally {
    await Promise.all([...clients, direct].map((one) => one.end()));
  }
};

const serverOf = async (client: TimeoutClient): Promise<string | undefined> => {
  const { rows } = await client.query<{ server: string }>(
    `select concat_ws(' ', oid, pg_postmaster_start_time()) as server from pg_database where datname = current_database()`,
  );
  return rows[0]?.server;
};

/** @throws Error with statement pooling, which allows no transactions */
const sharesSessions = async (client: TimeoutClient, other: TimeoutClient): Promise<boolean> => {
  if ((await processOf(client)) === client.announcedProcess) return false;
  for (let tried = 0; tried < TRIES; tried++) if (await isShared(client, other)) return true;
  return false;
};

/**
 * A shared name collides with the other client's in one session. A name of only one client is missing in the next
 * session.
 */
const checkPreparedStatements = async (clients: readonly TimeoutClient[]): Promise<void> => {
  for (let tried = 0; tried < TRIES; tried++) {
    for (const [index, client] of clients.entries()) {
      await client.query({ name: 'check', text: 'select 1' }).catch(explainLost);
      await client.query({ name: `check-${index}`, text: 'select 1' }).catch(explainLost);
    }
    // Otherwise a round-robin pooler might give each client the same session every time.
    if (tried % 2 === 0) await clients[0]?.query('select 1');
  }
};

const explainLost = (error: unknown): never => {
  const { code } = error as { readonly code?: string };
  throw OF_LOST_STATEMENTS.includes(code ?? '') ? new Error(NOT_PREPARED, { cause: error }) : error;
};

/** A session of the pool starts with its `reset_val`, whatever was set in it since. */
const checkDefaults = async (client: TimeoutClient): Promise<void> => {
  const needed = { ...neededByDefault(REQUEST_SESSION), transaction_timeout: '0' };
  const { rows } = await client.query<{ statement: string }>(
    `select format('alter role %I in database %I set %I = %L', current_user, current_database(), name, value) as statement
     from json_each_text($1) as needed (name, value) join pg_settings using (name)
     where reset_val <> value order by name`,
    [JSON.stringify(needed)],
  );
  if (rows.length === 0) return;
  throw new Error(
    'The pooler in front of DATABASE_URL shares sessions, so the settings of requests must be the defaults of the role. Run these ' +
      'statements, make the pooler reconnect (PgBouncer: RECONNECT), then start again (docs/database.md):\n' +
      rows.map(({ statement }) => `  ${statement};`).join('\n'),
  );
};
