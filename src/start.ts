/**
 * Starts the service from its configuration: the embedded database if none is configured, migrations, the demo
 * directory, HTTP.
 */
import { DataSource } from 'typeorm';
import { createApp, type App } from './app.js';
import { linkToDesk } from './auth/desk-sessions/one-time-link.js';
import { ensureSigningSecret } from './auth/signing-secret.js';
import type { Logger } from './common/logger.js';
import type { RecentLines } from './common/recent-lines.js';
import { directSettingOf, directUrlOf, type Config } from './config/config.js';
import type { KeyRing } from './config/key-ring.js';
import { startEmbeddedPostgres } from './embedded-postgres/embedded-postgres.js';
import { checkConnectionLimit } from './database/connection-limit.js';
import { migrate } from './database/migrate.js';
import { checkPooler } from './database/pooler-check.js';
import { seedDemoDirectory } from './directory/demo-directory.js';
import { reencryptSecrets } from './directory/reencryption.js';
import { ensureSubAccountKeys } from './directory/sub-account-keys.js';

export interface Running {
  readonly url: string;
  readonly adminUrl: string;
  /** Signs in to the desk, once. Null without the embedded database, and if the desk is off. */
  readonly deskLink: string | null;
  /** Null if no metrics are served. */
  readonly metricsUrl: string | null;
  /** The names of the configured providers. */
  readonly providers: readonly string[];
  /** Closes the service. For `drainMs` milliseconds before, requests are served while readiness returns 503. */
  close(drainMs: number): Promise<void>;
}

export const start = async (environment: Config, logger: Logger, recent: RecentLines): Promise<Running> => {
  const tracing = environment.otlpEndpoint
    ? (await import('./tracing/start-tracing.js')).startTracing(environment, logger)
    : undefined;
  const embedded = environment.databaseUrl ? undefined : await startEmbeddedPostgres({ dataDir: environment.dataDir });
  let app: App | undefined;
  const close = async (): Promise<void> => {
    try {
      await app?.close();
    } finally {
      await Promise.all([tracing?.close(), embedded?.stop()]);
    }
  };
  try {
    const databaseUrl = embedded?.url ?? environment.databaseUrl ?? '';
    await migrate(directUrlOf({ ...environment, databaseUrl }), directSettingOf(environment));
    if (environment.databaseUrl) await checkConnectionLimit(databaseUrl, 'DATABASE_URL');
    if (environment.databaseDirectUrl) await checkPooler(databaseUrl, environment.databaseDirectUrl);
    const subAccountKeys = environment.subAccountKeys ?? (await ensureSubAccountKeys(environment.dataDir));
    const jwtSecrets = await signingSecrets(environment);
    const config = Object.freeze({ ...environment, databaseUrl, jwtSecrets, subAccountKeys });
    app = await createApp(config, logger, recent);
    if (embedded) await fillEmbedded(app.nest.get(DataSource), subAccountKeys, logger);
    const url = await app.listen();
    const [secret] = config.jwtSecrets ?? [];
    return {
      url,
      adminUrl: app.adminUrl,
      deskLink: embedded && config.desk && secret ? await linkToDesk(app.adminUrl, secret) : null,
      metricsUrl: app.metricsUrl,
      providers: app.providers,
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

/** The embedded default signs its own tokens, unless a key or an identity provider is configured. */
const signingSecrets = async ({ jwtSecrets, jwtJwksUri, dataDir }: Config): Promise<readonly string[] | undefined> =>
  jwtSecrets ?? (jwtJwksUri ? undefined : [await ensureSigningSecret(dataDir)]);
