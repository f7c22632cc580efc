import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const get = async (path: string) => {
  const response = await fetch(`${service.url}/health/${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe('health', () => {
  it('is live', async () => {
    expect(await get('live')).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('is ready when database, migrations and provider are', async () => {
    expect(await get('ready')).toEqual({
      status: 200,
      body: { status: 'ok', checks: { database: 'up', migrations: 'up', simulator: 'up' } },
    });
  });

  it('is not ready while a migration is missing, and says so', async () => {
    const [[last]] = await service.database.query<[{ name: string; timestamp: string }[], number]>(
      'delete from migrations where id = (select max(id) from migrations) returning *',
    );
    try {
      const { status, body } = await get('ready');

      expect(status).toBe(503);
      expect(body).toMatchObject({ code: 'UNAVAILABLE', errors: [{ where: 'migrations', what: 'down' }] });
    } finally {
      await service.database.query('insert into migrations (timestamp, name) values ($1, $2)', [
        last?.timestamp,
        last?.name,
      ]);
    }
  });
});
