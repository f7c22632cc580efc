/** The whole service with its own database, on a free port, with the demo directory and a fast simulator. */
import { DataSource } from 'typeorm';
import { createApp, type App } from '../../src/app.js';
import { issueToken } from '../../src/auth/token-issuer.js';
import { createLogger } from '../../src/common/logger.js';
import { RecentLines } from '../../src/common/recent-lines.js';
import { readConfig, type Config } from '../../src/config/config.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { LogWatch } from './log-watch.js';
import { WITHOUT_LIMITS } from './without-limits.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

export const TEST_SECRET = 'a secret that only the tests know: 32 bytes and more';

/** A value for SUB_ACCOUNT_KEYS. */
export const TEST_KEYS = `test:${Buffer.alloc(32, 'k').toString('base64')}`;

export interface Envelope {
  readonly data?: { readonly callSid?: string; readonly stateType?: string; readonly isSuccess?: string };
  readonly returnCode: number;
  readonly returnMsg: string;
}

export interface TestApp {
  readonly url: string;
  readonly app: App;
  readonly config: Config;
  readonly database: DataSource;
  token(userId: string, scope?: string): Promise<string>;
  /** A contract request as the given user, with the token in the query. */
  ask(userId: string, path: string): Promise<Envelope>;
  /** Any request as an admin; the body is sent as JSON. */
  admin(method: string, path: string, body?: unknown): Promise<Response>;
  close(): Promise<void>;
}

interface TestAppOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A database that other services use too; by default it has its own. */
  readonly databaseUrl?: string;
  /** The destination of log lines of the environment's LOG_LEVEL. */
  readonly logTo?: NodeJS.WritableStream;
}

export const startTestApp = async ({ environment = {}, databaseUrl, logTo }: TestAppOptions = {}): Promise<TestApp> => {
  const own: TestDatabase | undefined = databaseUrl ? undefined : await createTestDatabase();
  const settings = {
    HOST: '127.0.0.1',
    PORT: '0',
    METRICS_PORT: 'off',
    DATABASE_URL: databaseUrl ?? own?.url,
    SUB_ACCOUNT_KEYS: TEST_KEYS,
    LOG_LEVEL: 'silent',
    SIMULATOR: 'true',
    SIMULATOR_SPEED: '100',
    ...WITHOUT_LIMITS,
    ...('JWT_JWKS_URI' in environment ? {} : { JWT_SECRET: TEST_SECRET }),
    ...environment,
  };
  const config = readConfig(settings);
  const watch = new LogWatch(settings);
  const recent = new RecentLines();
  const app = await createApp(config, createLogger('trace', watch.stream(config.logLevel, logTo), recent), recent);
  const database = app.nest.get(DataSource);
  await seedDemoDirectory(database, config.subAccountKeys!);
  const url = await app.listen();
  const token = (userId: string, scope?: string) =>
    issueToken(TEST_SECRET, { userId, lifetimeSeconds: 600, ...(scope !== undefined && { scope }) }, config);
  return {
    url,
    app,
    config,
    database,
    token,
    async ask(userId, path) {
      const separator = path.includes('?') ? '&' : '?';
      const response = await fetch(`${url}/v1/app/${path}${separator}access_token=${await token(userId)}`);
      return (await response.json()) as Envelope;
    },
    async admin(method, path, body) {
      for (const secret of secretsIn(body)) watch.expect(secret);
      const response = await fetch(`${url}/v1/admin/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await token('1001', 'admin')}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (path.startsWith('webhook-endpoints') && response.ok && method === 'POST') {
        watch.expect(((await response.clone().json()) as { secret?: unknown } | null)?.secret);
      }
      return response;
    },
    async close() {
      await app.close();
      await own?.drop();
      watch.verify();
    },
  };
};

/** Of a sub-account, or of the sub-accounts of a list of users. */
const secretsIn = (body: unknown): unknown[] => {
  if (typeof body !== 'object' || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => (name === 'secret' ? [value] : secretsIn(value)));
};
