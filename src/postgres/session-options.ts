/**
 * The session settings that our SQL and the parsing of its results rely on. Each connection sets them, because a role,
 * a database or a server may have other defaults. With `datestyle = 'SQL, DMY'` times cannot be parsed, serializable
 * transactions fail at random, and with `row_security = off` the queue's tables cannot be read.
 * One statement sets all of them when a connection opens. Start-up parameters would save that round trip, but PgBouncer
 * refuses them (`options`, `statement_timeout`) or, if so configured, ignores them.
 */
export type SessionSettings = Readonly<Record<string, string>>;

const RELIED_ON: SessionSettings = {
  bytea_output: 'hex',
  DateStyle: 'ISO',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'read committed',
  idle_in_transaction_session_timeout: '0',
  idle_session_timeout: '0',
  IntervalStyle: 'postgres',
  lock_timeout: '0',
  row_security: 'on',
  search_path: 'public',
  standard_conforming_strings: 'on',
  // Migrations have no limit; requests set their own.
  statement_timeout: '0',
  TimeZone: 'UTC',
};

/**
 * Statements work without these. `jit`: with other cost settings, PostgreSQL would compile a statement of a millisecond
 * for seconds.
 */
const BETTER_WITH: SessionSettings = { jit: 'off' };

/** A pooler that shares sessions tracks these for each client, because the server reports their changes. */
const KEPT_BY_POOLERS = ['DateStyle', 'IntervalStyle', 'standard_conforming_strings', 'TimeZone'];

/** @returns the settings that must be the role's defaults, if a pooler shares the sessions */
export const neededByDefault = (more: SessionSettings): SessionSettings =>
  Object.fromEntries(Object.entries({ ...RELIED_ON, ...more }).filter(([name]) => !KEPT_BY_POOLERS.includes(name)));

/** Exists since PostgreSQL 17. Earlier versions refuse to set unknown settings. */
const NO_TRANSACTION_TIMEOUT = `select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null`;

/**
 * A request gives up its statement after its time limit and closes the connection. PostgreSQL notices this only if it
 * looks. Otherwise a statement that waits for a lock would keep its session, and be carried out after all. Servers on
 * other systems, such as Windows, cannot look, and refuse the setting. (`do` could catch that, but needs a right to
 * plpgsql.)
 */
const CANCEL_ABANDONED = `select set_config('client_connection_check_interval', '500ms', false) where version() ~* 'linux|darwin|bsd'`;

/** @param more additional settings of this connection; no value may contain a quote */
export const setSession = (more: SessionSettings): string =>
  [
    ...Object.entries({ ...RELIED_ON, ...BETTER_WITH, ...more }).map(([name, value]) => `set ${name} = '${value}'`),
    NO_TRANSACTION_TIMEOUT,
    CANCEL_ABANDONED,
  ].join('; ');
