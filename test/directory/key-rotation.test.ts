/** A key rotation as in docs/operations.md, one replica after the other, while callers place calls. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readKeyRing } from '../../src/config/key-ring.js';
import { reencryptSecrets } from '../../src/directory/reencryption.js';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { startTestApp, type Envelope, type TestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import { waitFor } from '../support/wait-for.js';

const OLD = `old:${Buffer.alloc(32, 'o').toString('base64')}`;
const NEW = `new:${Buffer.alloc(32, 'n').toString('base64')}`;

/** Each caller places one call after the other, on alternating replicas. */
const CALLERS = Array.from({ length: 4 }, (_, index) => String(1004 + index));
/** The secret of this caller was stored before there were keys. */
const CALLER_FROM_BEFORE = CALLERS[0]!;
/** The secret of this caller is stored again by every replica that starts. */
const CHANGING_CALLER = '1020';

let database: TestDatabase;
let carrier: RemoteCarrier;
/** The replicas that get requests, as from a load balancer. */
let replicas: readonly TestApp[] = [];

/** Secrets by the caller's phone. */
const secrets = new Map<string, string>();
const dials: { readonly phone: string; readonly isRight: boolean }[] = [];
const replies: Envelope[] = [];
const inFlight = new Set<Promise<unknown>>();

beforeAll(async () => {
  database = await createTestDatabase();
  carrier = await startRemoteCarrier({ speed: 1_000 });
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.close()));
  await carrier.close();
  await database.drop();
});

const phoneOf = (userId: string): string => `+861390000${userId}`;

const start = async (keys: string): Promise<TestApp> => {
  const replica = await startTestApp({
    databaseUrl: database.url,
    environment: {
      SUB_ACCOUNT_KEYS: keys,
      SIMULATOR_URL: `http://127.0.0.1:${carrier.port}`,
      SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
    },
  });
  const provider = replica.app.nest.get(ProviderRegistry).all[0]!;
  const dial = provider.dial.bind(provider);
  provider.dial = (request, signal) => {
    const phone = request.callerPhone;
    dials.push({ phone, isRight: request.subAccount.secret === secrets.get(phone) });
    return dial(request, signal);
  };
  return replica;
};

const listReplicas = (running: readonly TestApp[]): void => {
  replicas = running;
  carrier.targets.splice(0, Infinity, ...running.map(({ url }) => `${url}/v1/webhooks/simulator`));
};

const store = async (replica: TestApp, userId: string): Promise<void> => {
  const secret = `stored ${Math.random()}`;
  await replica.admin('PUT', `users/${userId}/sub-accounts/simulator`, { externalId: 'account', secret });
  secrets.set(phoneOf(userId), secret);
};

const call = async (replica: TestApp, userId: string): Promise<void> => {
  const reply = replica.ask(userId, 'call/2001');
  inFlight.add(reply);
  replies.push(await reply.finally(() => inFlight.delete(reply)));
};

const dialsOf = (userId: string): number => dials.filter(({ phone }) => phone === phoneOf(userId)).length;

/** Stores a secret on one replica; all replicas must read it. */
const storeAndCallEverywhere = async (storing: TestApp): Promise<void> => {
  await store(storing, CHANGING_CALLER);
  for (const replica of replicas) {
    const before = dialsOf(CHANGING_CALLER);
    await waitFor('the next call, once the one before is over', async () => {
      await call(replica, CHANGING_CALLER);
      return dialsOf(CHANGING_CALLER) > before;
    });
  }
};

const replaceEach = async (keys: string): Promise<void> => {
  for (const previous of replicas) {
    const next = await start(keys);
    listReplicas(replicas.map((replica) => (replica === previous ? next : replica)));
    await storeAndCallEverywhere(next);
    await storeAndCallEverywhere(replicas.find((replica) => replica !== next)!);
    await Promise.all(inFlight);
    await previous.close();
  }
};

const keepCalling = async (userId: string, stopping: AbortSignal): Promise<void> => {
  for (let round = 0; !stopping.aborted; round++) {
    await call(replicas[round % replicas.length]!, userId);
    await sleep(25);
  }
};

it('places every call while the replicas are at different steps', async () => {
  const first = await start(OLD);
  listReplicas([first, await start(OLD)]);
  for (const userId of CALLERS) await store(first, userId);
  await first.database.query('update sub_account set secret = $2, key_name = null where user_id = $1', [
    CALLER_FROM_BEFORE,
    secrets.get(phoneOf(CALLER_FROM_BEFORE)),
  ]);
  const stopping = new AbortController();
  const calling = Promise.all(CALLERS.map((userId) => keepCalling(userId, stopping.signal)));

  try {
    await replaceEach(`${OLD},${NEW}`);
    await replaceEach(`${NEW},${OLD}`);
    const { left } = await reencryptSecrets(replicas[0]!.database, readKeyRing(`${NEW},${OLD}`));
    expect(left).toEqual([]);
    await replaceEach(NEW);
  } finally {
    stopping.abort();
    await calling;
  }

  expect(new Set(replies.map(({ returnCode }) => returnCode))).toEqual(new Set([200]));
  expect(dials.filter(({ isRight }) => !isRight)).toEqual([]);
  for (const userId of CALLERS) expect(dialsOf(userId)).toBeGreaterThan(3);
});
