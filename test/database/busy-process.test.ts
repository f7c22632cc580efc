/** A process that is too busy to listen, as at its start: it must not take PostgreSQL for silent. */
import { GradualPool } from '../../src/postgres/gradual-pool.js';
import { TimeoutClient, type ImpatientConfig } from '../../src/postgres/timeout-client.js';
import { busyFor } from '../support/busy-for.js';
import { createProxiedDatabase, type ProxiedDatabase } from '../support/proxied-database.js';

const LIMIT_MS = 400;

let database: ProxiedDatabase;

beforeAll(async () => {
  database = await createProxiedDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  database.proxy.mode = 'pass';
});

const clientWith = (limits: Partial<ImpatientConfig>, connectionString = database.directUrl): TimeoutClient =>
  new TimeoutClient({ connectionString, ...limits });

it('connects', async () => {
  const client = clientWith({ connectLimitMs: LIMIT_MS });
  const connected = client.connect();
  busyFor(3 * LIMIT_MS);

  await connected;

  await client.end();
});

it.each([
  ['of its connection', { query_timeout: LIMIT_MS }, {}],
  ['of its own', {}, { query_timeout: LIMIT_MS }],
])('gets the answer to a statement with a limit %s', async (_, ofConnection, own) => {
  const client = clientWith(ofConnection);
  await client.connect();
  const answer = client.query<{ n: number }>({ text: 'select 1 as n', ...own });
  busyFor(3 * LIMIT_MS);

  expect((await answer).rows).toEqual([{ n: 1 }]);

  await client.end();
});

describe('a pool', () => {
  let pool: GradualPool;

  beforeEach(() => {
    pool = new GradualPool({ connectionString: database.directUrl, max: 1, connectLimitMs: LIMIT_MS });
  });
  afterEach(() => pool.end());

  it('gives a new connection', async () => {
    const connected = pool.connect();
    busyFor(3 * LIMIT_MS);

    (await connected).release();
  });

  it('gives one that was given back meanwhile', async () => {
    const client = await pool.connect();
    const next = pool.connect();
    void client.query('select 1').finally(() => {
      client.release();
    });
    busyFor(3 * LIMIT_MS);

    (await next).release();
    expect(pool.totalCount).toBe(1);
  });

  it('refuses who has waited too long, and gives the connection to the next', async () => {
    const client = await pool.connect();

    await expect(pool.connect()).rejects.toThrow('timeout exceeded when trying to connect');

    expect(pool.waitingCount).toBe(0);
    const next = pool.connect();
    client.release();
    (await next).release();
  });
});

it('still gives up a statement in callback form, as pg-pool sends it', async () => {
  const settings = { connectionString: database.url, max: 1, query_timeout: LIMIT_MS, Client: TimeoutClient };
  const pool = new GradualPool(settings as object);
  pool.on('error', () => undefined);
  await pool.query('select 1');
  database.proxy.mode = 'silence';

  await expect(pool.query('select 1')).rejects.toThrow('Query read timeout');

  expect(pool.totalCount).toBe(0);
  await pool.end();
});

it('still gives up a server that is silent', async () => {
  const silent = { connectLimitMs: LIMIT_MS, query_timeout: LIMIT_MS };
  const client = clientWith(silent, database.url);
  const lost = jest.fn();
  client.on('error', lost);
  await client.connect();
  database.proxy.mode = 'silence';

  await expect(client.query('select 1')).rejects.toThrow('Query read timeout');
  await expect(client.query('select 1')).rejects.toThrow('not queryable');
  await expect(clientWith(silent, database.url).connect()).rejects.toThrow('timeout expired');
  expect(lost).toHaveBeenCalled();
});

it('keeps a connection that came too late for the request that it was opened for', async () => {
  class SlowClient extends TimeoutClient {
    constructor(config: ImpatientConfig) {
      super(config);
      const connect = this.connect.bind(this) as (callback: () => void) => void;
      this.connect = ((callback: () => void) => {
        setTimeout(connect, 1.5 * LIMIT_MS, callback);
      }) as TimeoutClient['connect'];
    }
  }
  const settings = { connectionString: database.directUrl, max: 1, connectLimitMs: LIMIT_MS, Client: SlowClient };
  const pool = new GradualPool(settings as object);

  await expect(pool.connect()).rejects.toThrow('timeout exceeded when trying to connect');
  (await pool.connect()).release();

  expect(pool.totalCount).toBe(1);
  await pool.end();
});
