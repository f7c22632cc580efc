/** Calls that an administrator stops: on two replicas, for an app and for a backend. */
import { Webhook } from 'standardwebhooks';
import { backend, newPhone } from '../support/backend.js';
import { startReplicasAtCarrier, type ReplicasAtCarrier } from '../support/replicas-at-carrier.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';
import { startWebhookReceiver } from '../support/webhook-receiver.js';

/** A call to such a number goes on until it is canceled. */
const TALKS_ON = '13';
const STOPPED = { returnCode: 403, returnMsg: '呼叫功能已停用,请联系管理员!' };

interface Freeze {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly hangUps: number;
}

let both: ReplicasAtCarrier;
let replicas: ReplicasAtCarrier['replicas'];

beforeAll(async () => {
  both = await startReplicasAtCarrier({
    environment: { SWEEP_EVERY: '1', WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', FREEZE_RULES: 'off' },
  });
  ({ replicas } = both);
});
afterEach(() => replicas[0].database.query('update call_freeze set lifted_at = now() where lifted_at is null'));
afterAll(() => both.close());

let nextUser = 60_000;

const newUser = async (some: object = {}): Promise<string> => {
  const id = String(nextUser++);
  const user = { id, name: id, phone: newPhone(TALKS_ON), ...some };
  expect((await replicas[0].admin('PUT', 'users', { users: [user] })).status).toBe(200);
  return id;
};

const freeze = async (body: object): Promise<Freeze> => {
  const response = await replicas[0].admin('POST', 'freezes', body);
  expect(response.status).toBe(201);
  return (await response.json()) as Freeze;
};

const lift = async ({ id }: Freeze): Promise<void> => {
  expect((await replicas[1].admin('DELETE', `freezes/${id}`)).status).toBe(204);
};

const listed = async (): Promise<Freeze[]> =>
  ((await (await replicas[1].admin('GET', 'freezes')).json()) as { items: Freeze[] }).items;

/** On the replica on which nothing is frozen or lifted. */
const call = (callerId: string, calleeId: string) => replicas[1].ask(callerId, `call/${calleeId}`);

it('stops the calls of a user, by id or by external id, and of nobody else, until the freeze is lifted', async () => {
  const [user, callee] = [await newUser({ externalId: 'usr_frozen' }), await newUser()];

  const byExternalId = await freeze({ kind: 'user', subject: 'usr_frozen', reason: 'the token was stolen' });

  expect(await call(user, callee)).toEqual(STOPPED);
  expect(await call(await newUser(), user)).toMatchObject({ returnCode: 200 });
  expect(await listed()).toMatchObject([
    { kind: 'user', subject: user, reason: 'the token was stolen', frozenBy: '1001' },
  ]);
  await lift(byExternalId);
  expect(await call(user, callee)).toMatchObject({ returnCode: 200 });
  expect(await listed()).toEqual([]);
});

it('stops calls with a country, as the caller’s and as the callee’s', async () => {
  const [londoner, home] = [await newUser({ phone: '+442079460000' }), await newUser()];
  const frozen = await freeze({ kind: 'country', subject: 'GB' });

  expect(await call(home, londoner)).toEqual(STOPPED);
  expect(await call(londoner, home)).toEqual(STOPPED);
  expect(await call(home, await newUser())).toMatchObject({ returnCode: 200 });
  await lift(frozen);
  expect(await call(londoner, home)).toMatchObject({ returnCode: 200 });
});

it('stops calls with a number that the country shares with others', async () => {
  const [tollFree, home] = [await newUser({ phone: '+18002345678' }), await newUser()];
  const frozen = await freeze({ kind: 'country', subject: 'CA' });

  expect(await call(home, tollFree)).toEqual(STOPPED);
  await lift(frozen);
  expect(await call(home, tollFree)).toMatchObject({ returnCode: 200 });
});

it('stops calls under a sub-account', async () => {
  const account = (externalId: string) => ({
    subAccounts: [{ provider: 'simulator', externalId, secret: 'a secret of the simulator' }],
  });
  const [frozen, other] = [await newUser(account('frozen-1')), await newUser(account('other-1'))];

  await freeze({ kind: 'sub_account', subject: 'simulator/frozen-1' });

  expect(await call(frozen, other)).toEqual(STOPPED);
  expect(await call(other, await newUser())).toMatchObject({ returnCode: 200 });
});

it('stops everything, and tells a backend, a dry run and the list of refusals why', async () => {
  const [caller, callee] = [await newUser(), await newUser()];
  await freeze({ kind: 'all' });

  expect(await call(caller, callee)).toEqual(STOPPED);
  const phones = { caller: { phone: newPhone() }, callee: { phone: newPhone() } };
  expect(await backend(replicas[1]).place(phones)).toMatchObject({ status: 403, body: { code: 'CALLS_FROZEN' } });
  const dryRun = await replicas[1].admin('GET', `dry-run?callerId=${caller}&calleeId=${callee}`);
  const why = 'A freeze is in force: all calls.';
  expect(await dryRun.json()).toMatchObject({ why, checks: [{ rule: 'caller_freeze', saw: 'all calls', said: why }] });
  await waitFor('the refusal', async () => {
    const page = await (await replicas[1].admin('GET', `refusals?userId=${caller}&fault=frozen`)).json();
    return (page as { items: unknown[] }).items.length === 1;
  });
});

it('lets running calls go on, to be polled and canceled', async () => {
  const [caller, callee] = [await newUser(), await newUser()];
  const { data } = await call(caller, callee);

  const { hangUps } = await freeze({ kind: 'user', subject: caller });

  expect(hangUps).toBe(0);
  expect(await replicas[1].ask(caller, `callState/${data!.callSid!}`)).toMatchObject({ returnCode: 200 });
  expect(await replicas[1].ask(caller, `callCancel/${data!.callSid!}`)).toMatchObject({ returnCode: 200 });
});

it('hangs up the running calls that it stops, and no others, if the administrator says so', async () => {
  const [caller, other] = [await newUser(), await newUser()];
  const sidOf = async (callerId: string) => (await call(callerId, await newUser())).data!.callSid!;
  const [stopped, going] = [await sidOf(caller), await sidOf(other)];
  const find = async (callSid: string) =>
    (await (await replicas[1].admin('GET', `calls/${callSid}`)).json()) as Record<string, unknown>;

  const { hangUps } = await freeze({ kind: 'user', subject: caller, hangUp: true });

  expect(hangUps).toBe(1);
  const over = await waitFor('the hang-up', async () => {
    const record = await find(stopped);
    return record.stateType === '4' && record;
  });
  expect(over).toMatchObject({ endedBy: 'cancel', canceledBy: 'admin' });
  expect((await find(going)).stateType).not.toBe('4');
});

it('freezes once however often it is asked, and hangs up then too', async () => {
  const caller = await newUser();
  const { id } = await freeze({ kind: 'user', subject: caller });
  const again = await replicas[1].admin('POST', 'freezes', { kind: 'user', subject: caller, hangUp: true });

  expect({ status: again.status, body: await again.json() }).toMatchObject({ status: 200, body: { id, hangUps: 0 } });
  expect(await listed()).toHaveLength(1);
});

it.each([
  [{ kind: 'planet' }, '/kind'],
  [{ kind: 'all', subject: 'CN' }, '/subject'],
  [{ kind: 'user' }, '/subject'],
  [{ kind: 'user', subject: '999999' }, '/subject'],
  [{ kind: 'country', subject: 'china' }, '/subject'],
  [{ kind: 'country', subject: 'ZZ' }, '/subject'],
  [{ kind: 'sub_account', subject: 'simulator' }, '/subject'],
  [{ kind: 'all', hangUp: 'yes' }, '/hangUp'],
  [{ kind: 'all', reason: '' }, '/reason'],
])('refuses %j and freezes nothing', async (body, where) => {
  const response = await replicas[0].admin('POST', 'freezes', body);

  expect({ status: response.status, body: await response.json() }).toMatchObject({
    status: 400,
    body: { code: 'BAD_REQUEST', errors: [{ where }] },
  });
  expect(await listed()).toEqual([]);
});

it('cannot be lifted twice', async () => {
  const frozen = await freeze({ kind: 'country', subject: 'FR' });
  await lift(frozen);

  expect((await replicas[0].admin('DELETE', `freezes/${frozen.id}`)).status).toBe(404);
});

it('is announced to the endpoints that want to know, signed, and again until they take it', async () => {
  const [told, untold] = [await startWebhookReceiver(), await startWebhookReceiver()];
  const endpoint = await registerEndpoint(replicas[0], { url: told.url, eventTypes: ['protection.frozen'] });
  await registerEndpoint(replicas[0], { url: untold.url, eventTypes: ['call.over'] });
  let answers = 0;
  told.replyWith(() => (answers++ === 0 ? 500 : 204));

  const { id } = await freeze({ kind: 'country', subject: 'GB', reason: 'toll fraud' });
  await waitFor('the second attempt', async () => {
    await retryNow(replicas[0].database);
    return told.received.length === 2;
  });
  await call(await newUser(), await newUser());

  const [first, second] = told.received;
  expect([first!.id, second!.id]).toEqual([`freeze-${id}`, `freeze-${id}`]);
  const signed = second!.headers as Record<string, string>;
  expect(new Webhook(endpoint.secret).verify(second!.body, signed)).toEqual({
    type: 'protection.frozen',
    timestamp: expect.any(String) as unknown,
    data: { freezeId: id, kind: 'country', subject: 'GB', reason: 'toll fraud', frozenBy: '1001' },
  });
  expect(untold.received).toEqual([]);
  await Promise.all([told.close(), untold.close()]);
});
