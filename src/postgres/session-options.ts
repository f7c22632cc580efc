/**
 * What our SQL, and the reading of its results, rely on. Each connection sets it, because a role, a database or a server may
 * have other defaults: with `datestyle = 'SQL, DMY'` no time can be read, serializable transactions fail at random, and with
 * `row_security = off` the queue's tables cannot be read.
 *
 * One statement sets all of it when a connection opens. Start-up parameters would save that round trip, but PgBouncer
 * refuses them (`options`, `statement_timeout`) or, if it is told to, ignores them.
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
  // Migrating has none; what serves requests sets its own.
  statement_timeout: '0',
  TimeZone: 'UTC',
};

/** A pooler that shares sessions keeps these for each client: it hears of them from the server when they change. */
const KEPT_BY_POOLERS = ['DateStyle', 'IntervalStyle', 'standard_conforming_strings', 'TimeZone'];

/** @returns what a session needs by its role's defaults, where a pooler shares it among several clients */
export const neededByDefault = (more: SessionSettings): SessionSettings =>
  Object.fromEntries(Object.entries({ ...RELIED_ON, ...more }).filter(([name]) => !KEPT_BY_POOLERS.includes(name)));

/** PostgreSQL 17 and later have it, and earlier ones refuse to set what they do not know. */
const NO_TRANSACTION_TIMEOUT = `select set_config('transaction_timeout', '0', false) where current_setting('transaction_timeout', true) is not null`;

/** @param more what this connection needs beside that; no value has a quote in it */
export const setSession = (more: SessionSettings): string =>
  [
    ...Object.entries({ ...RELIED_ON, ...more }).map(([name, value]) => `set ${name} = '${value}'`),
    NO_TRANSACTION_TIMEOUT,
  ].join('; ');
