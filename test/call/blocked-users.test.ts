/** An administrator blocks a user: at once, on every replica, for every request of the app. */
import { NONE_SHOWN } from '../../src/directory/shown-numbers.js';
import { DataSource } from 'typeorm';
import { BlockedUsers } from '../../src/call/updates/blocked-users.js';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { openStream } from '../support/event-stream.js';
import { storeCall, applyEvent } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const BLOCKED = { returnCode: 403, returnMsg: '呼叫功能已停用,请联系管理员!' };

let service: TestApp;
let replica: TestApp;
let nextUser = 9_001;

beforeAll(async () => {
  service = await startTestApp();
  replica = await startTestApp({ databaseUrl: service.config.databaseUrl! });
});
afterAll(async () => {
  await replica.close();
  await service.close();
});

/** Each test has users of its own, so that a block does not affect another test. */
const newUser = async (): Promise<string> => {
  const id = String(nextUser++);
  expect((await service.admin('POST', 'users', { id, name: 'Somebody' })).status).toBe(201);
  return id;
};

const block = async (userId: string, blocked = true): Promise<void> => {
  const response = await service.admin('PATCH', `users/${userId}`, { blocked });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ id: userId, blocked });
};

const untilCached = (one: TestApp, userId: string, blocked = true): Promise<unknown> =>
  waitFor('the block in the replica’s cache', () => one.app.nest.get(BlockedUsers).has(userId) === blocked);

const answer = async (one: TestApp, userId: string, path: string) => {
  const response = await fetch(`${one.url}/v1/app/${path}`, {
    headers: { authorization: `Bearer ${await one.token(userId)}` },
  });
  return { status: response.status, body: await response.json() };
};

it('a blocked user gets 403 for every app request, on every replica, until unblocked', async () => {
  const callerId = await newUser();
  const { callSid } = await storeCall(service.database, { callerId });
  const paths = [
    'call/2000',
    'callService',
    `callCancel/${callSid}`,
    `callState/${callSid}`,
    `callState/${callSid}/stream`,
  ];
  // So that the replica has the state in its cache.
  expect((await answer(replica, callerId, `callState/${callSid}`)).body).toMatchObject({ returnCode: 200 });

  await block(callerId);

  for (const one of [service, replica]) {
    await untilCached(one, callerId);
    for (const path of paths) expect(await answer(one, callerId, path)).toEqual({ status: 403, body: BLOCKED });
  }
  expect(await answer(service, callerId, 'callState/1')).toEqual({ status: 403, body: BLOCKED });
  expect((await answer(service, '1001', 'callState/1')).body).toMatchObject({ returnCode: 400 });
  await block(callerId, false);
  for (const one of [service, replica]) {
    await untilCached(one, callerId, false);
    expect((await answer(one, callerId, `callState/${callSid}`)).body).toMatchObject({ data: { stateType: '1' } });
  }
});

it('a blocked administrator gets 403 for every request of the admin API, and cannot unblock himself', async () => {
  const userId = await newUser();
  const token = await service.token(userId, 'admin');
  const asBlocked = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${service.url}/v1/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  };
  expect(await asBlocked('GET', 'users?limit=1')).toMatchObject({ status: 200 });

  await block(userId);
  await untilCached(service, userId);

  for (const answered of [
    await asBlocked('GET', 'users?limit=1'),
    await asBlocked('PATCH', `users/${userId}`, { blocked: false }),
  ]) {
    expect(answered).toMatchObject({ status: 403, body: { code: 'USER_BLOCKED' } });
  }
  await block(userId, false);
  await untilCached(service, userId, false);
  expect(await asBlocked('GET', 'users?limit=1')).toMatchObject({ status: 200 });
});

it('a block ends the user’s open streams and long polls on every replica, and no other user’s', async () => {
  const callerId = await newUser();
  const call = await storeCall(service.database, { callerId });
  const other = await storeCall(service.database);
  const streamOf = async (one: TestApp, userId: string, callSid: string) =>
    openStream(`${one.url}/v1/app/callState/${callSid}/stream?access_token=${await one.token(userId)}`);
  const streams = await Promise.all([service, replica].map((one) => streamOf(one, callerId, call.callSid)));
  const kept = await streamOf(replica, other.callerId, other.callSid);
  const feed = replica.app.nest.get(ChangeFeed);
  const poll = answer(replica, callerId, `callState/${call.callSid}?after=4&wait=60`);
  await waitFor('the long poll to wait', () => feed.listeners === 3);

  await block(callerId);

  await Promise.all(streams.map(({ ended }) => ended));
  expect(await poll).toEqual({ status: 403, body: BLOCKED });
  await waitFor('only the other user’s stream to be open', () => feed.listeners === 1);
  await applyEvent(service.database, other.callSid, { type: 'ringing' });
  await waitFor('the change', () => kept.events.length === 2);
  kept.close();
});

it('a blocked user cannot be removed, because a token of the user would be accepted again', async () => {
  const userId = await newUser();
  await block(userId);
  await untilCached(service, userId);

  const refused = await service.admin('DELETE', `users/${userId}`);

  expect([refused.status, await refused.json()]).toMatchObject([
    409,
    { code: 'CONFLICT', detail: expect.stringContaining('blocked') },
  ]);
  expect((await answer(service, userId, 'callState/1')).status).toBe(403);
  await block(userId, false);
  expect((await service.admin('DELETE', `users/${userId}`)).status).toBe(204);
});

it('a block is shown in the admin API, survives a user sync, and is read by a replica that starts later', async () => {
  const callerId = await newUser();
  expect(await (await service.admin('GET', `users/${callerId}`)).json()).toMatchObject({ blocked: false });
  await block(callerId);

  await service.admin('PUT', 'users', { users: [{ id: callerId, name: 'Another name' }] });

  expect(await (await service.admin('GET', `users/${callerId}`)).json()).toEqual({
    id: callerId,
    name: 'Another name',
    phone: null,
    externalId: null,
    blocked: true,
    shown: NONE_SHOWN,
  });
  const late = await startTestApp({ databaseUrl: service.config.databaseUrl! });
  expect(late.app.nest.get(BlockedUsers).has(callerId)).toBe(true);
  await late.close();
});

it('a replica reads blocks again after its listening connection was lost', async () => {
  const callerId = await newUser();
  const elsewhere = await new DataSource({ type: 'postgres', url: service.config.databaseUrl! }).initialize();
  await elsewhere.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name = 'ringback listener' and datname = current_database()`,
  );
  // Changed while no listener can receive the notification.
  await elsewhere.query('update app_user set blocked = true where id = $1', [callerId]);
  await elsewhere.destroy();

  await untilCached(service, callerId);
  await untilCached(replica, callerId);
});

it('`blocked` must be true or false', async () => {
  expect((await service.admin('PATCH', 'users/1001', { blocked: 'yes' })).status).toBe(400);
  expect((await service.admin('PATCH', 'users/1001', { blocked: null })).status).toBe(400);
  expect((await answer(service, '1001', 'callState/1')).status).toBe(200);
});
