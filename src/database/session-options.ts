/**
 * What our SQL, and the reading of its results, rely on. Each connection sets it, because a role, a database or a server may
 * have other defaults: with `datestyle = 'SQL, DMY'` no time can be read, and serializable transactions fail at random.
 */
const SETTINGS = {
  bytea_output: 'hex',
  DateStyle: 'ISO',
  default_transaction_deferrable: 'off',
  default_transaction_isolation: 'read committed',
  IntervalStyle: 'postgres',
  search_path: 'public',
  standard_conforming_strings: 'on',
  TimeZone: 'UTC',
} as const;

/** The start-up parameter `options`, where a blank is escaped. It outranks the defaults of roles and databases. */
export const SESSION_OPTIONS = Object.entries(SETTINGS)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', String.raw`\ `)}`)
  .join(' ');
