/**
 * From nothing to a service that listens: the environment, the embedded database where none is configured, migrations,
 * the demo directory, HTTP; and back to nothing as process-end.ts has it.
 */
import { DataSource } from 'typeorm';
import { createApp, type App } from './app.js';
import { ensureSigningSecret } from './auth/signing-secret.js';
import { createLogger, type Logger } from './common/logger.js';
import { takeNoArguments } from './common/usage.js';
import { controlProcessEnd } from './common/process-end.js';
import { VERSION } from './common/version.js';
import { directSettingOf, directUrlOf, type Config } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import type { KeyRing } from './config/key-ring.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { migrate } from './database/migrate.js';
import { checkPooler } from './database/pooler-check.js';
import { seedDemoDirectory } from './directory/demo-directory.js';
import { reencryptSecrets } from './directory/reencryption.js';
import { ensureSubAccountKeys } from './directory/sub-account-keys.js';
import { ProviderChoice } from './telephony/provider-choice.js';
import { welcomePage } from './welcome-page.js';

interface Running {
  readonly url: string;
  readonly adminUrl: string;
  /** Those that carry calls. */
  readonly providers: readonly string[];
  /** After that many milliseconds in which requests are served and readiness says 503. */
  close(drainMs: number): Promise<void>;
}

const start = async (environment: Config, logger: Logger): Promise<Running> => {
  const embedded = environment.databaseUrl ? undefined : await startEmbeddedPostgres({ dataDir: environment.dataDir });
  let app: App | undefined;
  const close = async (): Promise<void> => {
    try {
      await app?.close();
    } finally {
      await embedded?.stop();
    }
  };
  try {
    const databaseUrl = embedded?.url ?? environment.databaseUrl ?? '';
    await migrate(directUrlOf({ ...environment, databaseUrl }), directSettingOf(environment));
    if (environment.databaseDirectUrl) await checkPooler(databaseUrl, environment.databaseDirectUrl);
    const subAccountKeys = environment.subAccountKeys ?? (await ensureSubAccountKeys(environment.dataDir));
    const jwtSecret = await signingSecret(environment);
    const config = Object.freeze({ ...environment, databaseUrl, jwtSecret, subAccountKeys });
    app = await createApp(config, logger);
    if (embedded) await fillEmbedded(app.nest.get(DataSource), subAccountKeys, logger);
    return {
      url: await app.listen(),
      adminUrl: app.adminUrl,
      providers: app.nest.get(ProviderChoice).all.map(({ name }) => name),
      async close(drainMs) {
        if (drainMs > 0) await app?.leave(drainMs);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Re-encrypted at every start, because no command can reach the embedded database. */
const fillEmbedded = async (database: DataSource, keys: KeyRing, logger: Logger): Promise<void> => {
  await seedDemoDirectory(database, keys);
  const { left, unreadable } = await reencryptSecrets(database, keys);
  if (left.length > 0) logger.warn({ left, unreadable }, 'secrets of sub-accounts are not under the first key');
};

/** The embedded default signs its own tokens, unless it was told who does. */
const signingSecret = async ({ jwtSecret, jwtJwksUri, dataDir }: Config): Promise<string | undefined> =>
  jwtSecret ?? (jwtJwksUri ? undefined : ensureSigningSecret(dataDir));

type ListenError = NodeJS.ErrnoException & { readonly port?: number; readonly hostname?: string };

/** One sentence that says what to do; the stack is for those who ask for it. */
const explain = (error: unknown, config: Config): string => {
  const { code = '', message, syscall, hostname, port = config.port } = error as ListenError;
  const name = port === config.adminPort ? 'ADMIN_PORT' : 'PORT';
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken. Stop what listens there, or set ${name} to another one; 0 takes a free one.`;
  }
  // A name that is not resolved is that of HOST, or of a database.
  return syscall === 'listen' || hostname === config.host
    ? `HOST=${config.host} with ${name}=${port} cannot be listened on (${code}). HOST is an address of this machine (IPv6 ` +
        'without brackets) or a name that stands for one.'
    : message;
};

const USAGE = `Usage: npm start
  Its settings are variables of the environment: README.md has the table.`;

const main = async (): Promise<void> => {
  takeNoArguments(USAGE);
  const config = readEnvironment();
  const logger = createLogger(config.logLevel);
  logger.info({ version: VERSION, node: process.version }, 'starting');
  for (const { name, meant } of config.unknown) {
    logger.warn({ name, ...(meant && { meant }) }, 'not a setting of Ringback, ignored');
  }
  try {
    const starting = start(config, logger);
    // Also before it has started: then it starts first, because half a database is nothing to let go of.
    const stopping = controlProcessEnd(
      async (drainMs) => (await starting).close(drainMs),
      logger,
      config.drainSeconds * 1_000,
    );
    const { url, adminUrl, providers } = await starting;
    if (stopping.aborted) return;
    logger.info({ url, ...(adminUrl !== url && { adminUrl }), providers: providers.join(', ') }, 'listening');
    if (!config.databaseUrl) console.log(welcomePage(url, config, providers, adminUrl));
  } catch (error) {
    logger.debug({ error }, 'could not start');
    console.error(explain(error, config));
    process.exit(1);
  }
};

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
