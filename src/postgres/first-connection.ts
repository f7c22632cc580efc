/** The first connection of a start, which checks that the database can be used. */
import type { DatabaseSetting } from '../config/config.js';
import { TimeoutClient } from './timeout-client.js';
import { checkSession } from './session-check.js';
import type { SessionSettings } from './session-options.js';

const OLDEST_VERSION = 15;

const UNKNOWN_AUTHORITY =
  'No authority that Node knows has signed its certificate: add sslmode=verify-full&sslrootcert=/path/to/ca.pem to ' +
  'DATABASE_URL, the certificate of your own authority, or sslmode=no-verify, which encrypts but does not verify the server.';

/** Remedies by error code; the texts name DATABASE_URL. */
const REMEDIES: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The host of DATABASE_URL has to be a name in its certificate; uselibpqcompat=true&sslmode=verify-ca with sslrootcert ' +
    'checks the authority and not the name.',
  // There is no such database.
  '3D000': 'DATABASE_URL ends with its name: postgresql://user:password@host:5432/NAME; without one it is the user’s.',
  // No such role, or no line of pg_hba.conf allows it.
  '28000':
    'DATABASE_URL begins with the role: postgresql://ROLE:password@host; without one it is the system user’s name. The ' +
    'server’s pg_hba.conf decides who may connect from where.',
  '28P01':
    'The password is that of DATABASE_URL: postgresql://user:PASSWORD@host, with signs such as @ and / written as %40 and %2F.',
  // PgBouncer refuses a start-up parameter.
  '08P01':
    'A pooler refuses a start-up parameter of DATABASE_URL or PGOPTIONS: remove it, or let PgBouncer ignore it ' +
    '(ignore_startup_parameters = options,statement_timeout).',
};

/** pg's own error, without a code, if the server requires a password and the URL has none. */
const NO_PASSWORD = /password must be a (?:non-empty )?string/;

/** @throws Error with the reason and the remedy, if the database cannot be used */
export const firstConnection = async (url: string, setting: DatabaseSetting): Promise<TimeoutClient> => {
  const client = await connectionTo(url, setting);
  try {
    await checkServer(client);
    await checkSession(client, url);
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
};

/** @throws Error with the reason and the remedy, if the database cannot be reached */
export const connectionTo = async (
  url: string,
  setting: DatabaseSetting,
  session: SessionSettings = {},
): Promise<TimeoutClient> => {
  const client = new TimeoutClient({ connectionString: url, connectLimitMs: 5_000, session });
  await client.connect().catch((cause: unknown) => {
    const { message, code = '' } = cause as Error & { readonly code?: string };
    const remedy = REMEDIES[NO_PASSWORD.test(message) ? '28P01' : code]?.replaceAll('DATABASE_URL', setting);
    throw new Error(`The database cannot be reached: ${message || String(cause)}${remedy ? `. ${remedy}` : ''}`, {
      cause,
    });
  });
  return client;
};

/** Only a superuser can change it, so a connection cannot set it. */
const NO_TRIGGERS =
  'session_replication_role is replica for this role, database or server, so no trigger fires and no webhook would be ' +
  'delivered: alter role … reset session_replication_role (or alter database), then start again.';

const checkServer = async (client: TimeoutClient): Promise<void> => {
  const { rows } = await client.query<{ version: number; encoding: string; role: string }>(
    `select current_setting('server_version_num')::int / 10000 as version, current_setting('server_encoding') as encoding,
       current_setting('session_replication_role') as role`,
  );
  const { version = 0, encoding = '', role = '' } = rows[0] ?? {};
  if (version < OLDEST_VERSION) {
    throw new Error(`The database is PostgreSQL ${version}; Ringback needs ${OLDEST_VERSION} or later.`);
  }
  if (encoding !== 'UTF8') {
    throw new Error(
      `The encoding of the database is ${encoding}, which cannot store all names: create one with encoding 'UTF8' template template0.`,
    );
  }
  if (role === 'replica') throw new Error(NO_TRIGGERS);
};
