import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';
import { oneConnection, send, type Reply } from './sent-request.js';
import { endAllServices, startService, type Service } from './service.js';

const DRAIN_SECONDS = 5;

describe('a service with DRAIN_SECONDS', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(async () => {
    await endAllServices();
    await database.drop();
  });

  const start = (drainSeconds: number): Promise<Service> =>
    startService({
      environment: {
        DATABASE_URL: database.url,
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: TEST_KEYS,
        DRAIN_SECONDS: String(drainSeconds),
      },
    });

  const ask = async ({ url }: Service, path: string, agent = oneConnection()): Promise<Reply> =>
    (await send(`${url}${path}`, agent)).reply;

  it('is not ready after SIGTERM, and still serves requests during the drain', async () => {
    const service = await start(DRAIN_SECONDS);
    const kept = oneConnection();
    await ask(service, '/health/live', kept);

    const stopped = service.stop('SIGTERM');
    const ready = await waitFor('the end of readiness', async () => {
      const reply = await ask(service, '/health/ready');
      return reply.status !== 200 && reply;
    });
    const served = [
      await ask(service, '/v1/app/callState/1', kept),
      await ask(service, '/v1/app/callState/1'),
      await ask(service, '/health/live'),
    ];

    expect(ready.status).toBe(503);
    expect(JSON.parse(ready.body)).toMatchObject({ errors: [{ where: 'process', what: 'stopping' }] });
    // Without a token: the test only needs an answer of the service.
    expect(served.map(({ status }) => status)).toEqual([401, 401, 200]);
    const { code, complaint, tookMs } = await stopped;
    expect([code, complaint]).toEqual([0, '']);
    expect(tookMs).toBeGreaterThan(DRAIN_SECONDS * 1_000);
    kept.destroy();
  });

  it('does not drain after SIGINT', async () => {
    const service = await start(300);

    const { code, complaint } = await service.stop('SIGINT');

    expect([code, complaint]).toEqual([0, '']);
  });

  it('logs a misspelled setting, with a suggestion', async () => {
    const service = await startService({
      environment: {
        DATABASE_URL: database.url,
        JWT_SECRET: TEST_SECRET,
        SUB_ACCOUNT_KEYS: TEST_KEYS,
        LONGEST_RNGING: '4',
      },
    });

    expect(service.output()).toMatch(/"level":40.*"name":"LONGEST_RNGING","meant":"LONGEST_RINGING"/);
  });
});
