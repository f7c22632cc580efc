/** An outage of the database or the network to it: requests are answered in time, and the service recovers by itself. */
import { Client } from 'pg';
import { createProxiedDatabase, type ProxiedDatabase } from '../support/proxied-database.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import type { ProxyMode } from '../support/tcp-proxy.js';
import { waitFor } from '../support/wait-for.js';

const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };
const LIMIT_MS = 3_000;

let database: ProxiedDatabase;
let service: TestApp;

beforeAll(async () => {
  database = await createProxiedDatabase();
  service = await startTestApp({
    databaseUrl: database.url,
    environment: { SIMULATOR_SPEED: '50', DATABASE_POOL_SIZE: '3', SWEEP_EVERY: '0.5' },
  });
});
afterAll(async () => {
  database.proxy.mode = 'pass';
  await service.close();
  await database.drop();
});

const timed = async <T>(work: Promise<T>): Promise<{ result: T; ms: number }> => {
  const begin = performance.now();
  const result = await work;
  return { result, ms: performance.now() - begin };
};

const ready = async (): Promise<number> => (await fetch(`${service.url}/health/ready`)).status;

const recovered = async (): Promise<void> => {
  database.proxy.mode = 'pass';
  await waitFor('readiness', async () => (await ready()) === 200);
};

const MODES: ProxyMode[] = ['cut', 'silence', 'hold replies'];

describe.each(MODES)('when the connection is in mode "%s"', (mode) => {
  it('every endpoint of the contract answers 500 within three seconds, and works again afterwards', async () => {
    const callSid = (await service.ask('1004', 'call/2013')).data?.callSid ?? '';

    database.proxy.mode = mode;
    const paths = ['call/2000', 'callService', `callCancel/${callSid}`, `callState/${'1'.repeat(32)}`];
    // More requests than connections, so that some wait for a connection.
    const answers = await Promise.all([...paths, ...paths].map((path) => timed(service.ask('1004', path))));
    await recovered();

    expect(answers.map(({ result }) => result)).toEqual(answers.map(() => SYSTEM));
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(LIMIT_MS);
    // The sweeper carries out a cancel that was in flight at the outage, but only some seconds later.
    await waitFor('the cancel', async () => (await service.ask('1004', `callCancel/${callSid}`)).returnCode === 200);
    await waitFor('the end of the call', async () => {
      await service.database.query(
        `update call_records set sweep_at = now(), cancel_ordered_at = cancel_ordered_at - interval '1 minute'
         where state < 4 and cancel_ordered_at > now() - interval '1 minute'`,
      );
      const { data } = await service.ask('1004', `callState/${callSid}`);
      return data?.stateType === '4';
    });
  });

  it('readiness fails and liveness does not', async () => {
    database.proxy.mode = mode;
    const { result, ms } = await timed(ready());
    const live = (await fetch(`${service.url}/health/live`)).status;
    await recovered();

    expect({ ready: result, live }).toEqual({ ready: 503, live: 200 });
    expect(ms).toBeLessThan(LIMIT_MS);
  });

  it('no state is answered from the cache once the outage is detected', async () => {
    const callSid = (await service.ask('1005', 'call/2013')).data?.callSid ?? '';
    await waitFor('the answer', async () => {
      const { data } = await service.ask('1005', `callState/${callSid}`);
      return data?.stateType === '3';
    });

    database.proxy.mode = mode;
    await waitFor('the cache to be dropped', async () => {
      const { returnCode } = await service.ask('1005', `callState/${callSid}`);
      return returnCode === 500;
    });
    await recovered();

    await waitFor(
      'the stored state',
      async () => (await service.ask('1005', `callState/${callSid}`)).data?.stateType === '3',
    );
    await service.ask('1005', `callCancel/${callSid}`);
  });

  it('a call whose events could not be stored gets its end afterwards', async () => {
    const callSid = (await service.ask('1006', 'call/2000')).data?.callSid ?? '';

    database.proxy.mode = mode;
    await waitFor('readiness to end', async () => (await ready()) === 503);
    await recovered();

    await waitFor('the end of the call', async () => {
      const { data } = await service.ask('1006', `callState/${callSid}`);
      return data?.stateType === '4';
    });
  });
});

it('the service reconnects by itself after its database sessions were terminated', async () => {
  const direct = new Client({ connectionString: database.directUrl });
  await direct.connect();

  await direct.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()`,
  );
  await direct.end();

  await waitFor('a call', async () => (await service.ask('1007', 'call/2000')).returnCode === 200);
});
