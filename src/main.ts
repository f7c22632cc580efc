/**
 * From nothing to a service that listens: the environment, the embedded database where none is configured, migrations,
 * the demo directory, HTTP; and back to nothing on SIGTERM or SIGINT.
 */
import { DataSource } from 'typeorm';
import { createApp, type App } from './app.js';
import { ensureSigningSecret } from './auth/signing-secret.js';
import { createLogger, type Logger } from './common/logger.js';
import type { Config } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { startEmbeddedPostgres } from './database/embedded-postgres.js';
import { migrate } from './database/migrate.js';
import { seedDemoDirectory } from './directory/demo-directory.js';
import { welcomePage } from './welcome-page.js';

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

const start = async (environment: Config, logger: Logger): Promise<Running> => {
  const embedded = environment.databaseUrl ? undefined : await startEmbeddedPostgres({ dataDir: environment.dataDir });
  let app: App | undefined;
  const close = async (): Promise<void> => {
    await app?.close();
    await embedded?.stop();
  };
  try {
    const databaseUrl = embedded?.url ?? environment.databaseUrl ?? '';
    await migrate(databaseUrl);
    const config = Object.freeze({ ...environment, databaseUrl, jwtSecret: await signingSecret(environment) });
    app = await createApp(config, logger);
    if (embedded) await seedDemoDirectory(app.nest.get(DataSource));
    return { url: await app.listen(), close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** The embedded default signs its own tokens, unless it was told who does. */
const signingSecret = async ({ jwtSecret, jwtJwksUri, dataDir }: Config): Promise<string | undefined> =>
  jwtSecret ?? (jwtJwksUri ? undefined : ensureSigningSecret(dataDir));

/** One sentence that says what to do; the stack is for those who ask for it. */
const explain = (error: unknown, { port }: Config): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE'
    ? `Port ${port} is taken. Stop what listens there, or choose another one: PORT=3001 npm start`
    : message;
};

const stopOnSignal = (running: Running, logger: Logger): void => {
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'stopping');
    running.close().then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ error }, 'could not stop in good order');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};

const main = async (): Promise<void> => {
  const config = readEnvironment();
  const logger = createLogger(config.logLevel);
  try {
    const running = await start(config, logger);
    stopOnSignal(running, logger);
    logger.info({ url: running.url, provider: 'simulator' }, 'listening');
    if (!config.databaseUrl) console.log(welcomePage(running.url, config));
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
