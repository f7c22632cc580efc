/**
 * The process of the service: its settings are read first, so that a mistaken one is told before the rest is loaded; it ends as
 * process-end.ts has it.
 */
import { createLogger } from './common/logger.js';
import { takeNoArguments } from './common/usage.js';
import { controlProcessEnd } from './common/process-end.js';
import { VERSION } from './common/version.js';
import type { Config } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { welcomePage } from './http/welcome-page.js';

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
  Its settings are variables of the environment: docs/configuration.md has the table.`;

const main = async (): Promise<void> => {
  takeNoArguments(USAGE);
  const config = readEnvironment();
  const logger = createLogger(config.logLevel);
  logger.info({ version: VERSION, node: process.version }, 'starting');
  for (const { name, meant } of config.unknown) {
    logger.warn({ name, ...(meant && { meant }) }, 'not a setting of Ringback, ignored');
  }
  try {
    const starting = import('./start.js').then(({ start }) => start(config, logger));
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
