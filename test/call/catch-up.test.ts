/** After a time without webhooks, the service asks providers about every open call. Tested on the whole service. */
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { startBlackHole, type BlackHole } from '../support/black-hole.js';
import { endAtProvider } from '../support/end-at-provider.js';
import { createProxiedDatabase, type ProxiedDatabase } from '../support/proxied-database.js';
import { placeCall } from '../support/placed-call.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let database: ProxiedDatabase;
let carrier: RemoteCarrier;
let blackHole: BlackHole;
let service: TestApp;

const start = async (environment: Readonly<Record<string, string>>): Promise<void> => {
  service = await startTestApp({
    databaseUrl: database.url,
    environment: {
      SIMULATOR_URL: carrier.url,
      SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
      ...environment,
    },
  });
  carrier.targets.splice(0, Infinity, `${service.url}/v1/webhooks/simulator`);
};

beforeEach(async () => {
  database = await createProxiedDatabase();
  carrier = await startRemoteCarrier({ speed: 10 });
  blackHole = await startBlackHole();
});
afterEach(async () => {
  database.proxy.mode = 'pass';
  await service.close();
  await carrier.close();
  await blackHole.close();
  await database.drop();
});

const SWEEPS = { SWEEP_EVERY: '0.2' };
/** Sweeps only when the test calls it. */
const DOES_NOT_SWEEP = { SWEEP_EVERY: '3600' };

const record = async (callSid: string) => {
  const [row] = await service.database.query<{ state: number; endedBy: string | null; isDue: boolean }[]>(
    `select state, ended_by as "endedBy", sweep_at <= now()::timestamptz(3) as "isDue" from call_records where call_sid = $1`,
    [callSid],
  );
  return row!;
};
/** An answered call; the sweeper will not check it for minutes. */
const talkingCall = async (): Promise<string> => {
  const callSid = await placeCall(service, '1004', '2013');
  await waitFor('the answer', async () => (await record(callSid)).state === 3);
  return callSid;
};
const untilOver = (callSid: string) =>
  waitFor('the end', async () => {
    const call = await record(callSid);
    return call.state === 4 && call;
  });

it('a service that starts fetches the ends of calls that it missed', async () => {
  await start(DOES_NOT_SWEEP);
  const callSid = await talkingCall();
  await service.close();
  carrier.targets.splice(0, Infinity, blackHole.url);
  await endAtProvider(carrier, callSid);

  await start(SWEEPS);

  expect(await untilOver(callSid)).toMatchObject({ endedBy: 'provider' });
});

it('a service whose database was down fetches the ends of calls that it missed', async () => {
  await start(SWEEPS);
  const callSid = await talkingCall();
  database.proxy.mode = 'cut';
  carrier.targets.splice(0, Infinity, blackHole.url);
  await endAtProvider(carrier, callSid);

  database.proxy.mode = 'pass';
  await waitFor('readiness', async () => (await fetch(`${service.url}/health/ready`)).status === 200);

  expect(await untilOver(callSid)).toMatchObject({ endedBy: 'provider' });
});

it('after a webhook that failed, the service asks the provider about all its open calls', async () => {
  await start(DOES_NOT_SWEEP);
  const callSid = await talkingCall();
  const lock = service.database.createQueryRunner();
  try {
    await lock.startTransaction();
    await lock.query('lock table call_events in access exclusive mode');
    await endAtProvider(carrier, callSid);
    await waitFor('the call to be due', async () => (await record(callSid)).isDue);
    carrier.targets.splice(0, Infinity, blackHole.url);
  } finally {
    await lock.rollbackTransaction();
    await lock.release();
  }

  await service.app.nest.get(Sweeper, { strict: false }).sweep();

  // A delivery in flight at the end of the lock may have arrived first. In both cases the end comes from the provider.
  expect(await untilOver(callSid)).toMatchObject({ endedBy: 'provider' });
});
