/**
 * The process of the service. It reads the settings first, so that a fault is reported before the rest is loaded.
 * process-end.ts defines how it ends.
 */
import { createLogger } from './common/logger.js';
import { RecentLines } from './common/recent-lines.js';
import { takeNoArguments } from './common/usage.js';
import { controlProcessEnd } from './common/process-end.js';
import { VERSION } from './common/version.js';
import type { Config } from './config/config.js';
import { readEnvironment } from './config/environment.js';
import { welcomePage } from './http/welcome-page.js';

type ListenError = NodeJS.ErrnoException & { readonly port?: number; readonly hostname?: string };

const nameOfPort = (port: number, { adminPort, metricsPort }: Config): string => {
  if (port === metricsPort) return 'METRICS_PORT';
  return port === adminPort ? 'ADMIN_PORT' : 'PORT';
};

/** A message with the remedy. The stack is logged at debug. */
const explain = (error: unknown, config: Config): string => {
  const { code = '', message, syscall, hostname, port = config.port } = error as ListenError;
  const name = nameOfPort(port, config);
  if (code === 'EADDRINUSE') {
    return `Port ${port} is taken. Stop what listens there, or set ${name} to another one; 0 takes a free one.`;
  }
  // An unresolved name may be HOST's or a database's.
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
  const recent = new RecentLines();
  const logger = createLogger(config.logLevel, process.stdout, recent);
  logger.info({ version: VERSION, node: process.version }, 'starting');
  for (const { name, meant } of config.unknown) {
    logger.warn({ name, ...(meant && { meant }) }, 'not a setting of Ringback, ignored');
  }
  try {
    const starting = import('./start.js').then(({ start }) => start(config, logger, recent));
    // Also during the start. The start is completed first, because a half-started database cannot be closed properly.
    const stopping = controlProcessEnd(
      async (drainMs) => (await starting).close(drainMs),
      logger,
      config.drainSeconds * 1_000,
    );
    const { url, adminUrl, metricsUrl, providers, deskLink } = await starting;
    if (stopping.aborted) return;
    const others = { ...(adminUrl !== url && { adminUrl }), ...(metricsUrl !== null && { metricsUrl }) };
    logger.info({ url, ...others, providers: providers.join(', ') }, 'listening');
    if (!config.databaseUrl) console.log(welcomePage(url, config, providers, { adminUrl, deskLink }));
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
