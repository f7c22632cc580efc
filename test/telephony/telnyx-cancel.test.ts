/** Telnyx's reply to a dial has no id of the call, so a cancel that comes before the first callback has to wait for it. */
import {
  ACCOUNT,
  APPLICATION_SID,
  CALLER_NUMBER,
  PRIVATE_KEY,
  PUBLIC_URL,
  telnyxSettings,
} from '../support/telnyx-call.js';
import { startTelnyxServer, telnyxId } from '../support/telnyx-server.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

it('a cancel before the first callback is kept, and carried out when the callback brings the id', async () => {
  let letCallbacksPass = (): void => undefined;
  const callbacksFrom = new Promise<void>((resolve) => (letCallbacksPass = resolve));
  const server = await startTelnyxServer({
    accountSid: ACCOUNT.externalId,
    apiKey: ACCOUNT.secret,
    applicationSid: APPLICATION_SID,
    privateKey: PRIVATE_KEY,
    callerNumbers: [CALLER_NUMBER],
    speed: 20,
    reach: (url) => url.replace(PUBLIC_URL, service.url),
    callbacksFrom,
  });
  server.holdAt('nothing');
  const service: TestApp = await startTestApp({
    environment: { ...telnyxSettings(server.url), TELNYX_SHARES_ACCOUNT: 'true' },
  });
  const users = [
    { id: '5001', name: 'Caller', phone: '13800001001' },
    { id: '5002', name: 'Callee', phone: '13800002013' },
  ];
  await service.admin('PUT', 'users', { users });
  const { callSid = '' } = (await service.ask('5001', 'call/5002')).data!;
  const record = async () => {
    const [row] = await service.database.query<{ state: number; id: string | null; reason: string | null }[]>(
      'select state, provider_call_id as id, end_reason as reason from call_record where call_sid = $1',
      [callSid],
    );
    return row!;
  };
  expect(await record()).toEqual({ state: 1, id: null, reason: null });

  expect(await service.ask('5001', `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });

  const [call] = [...server.calls.values()];
  expect(call!.legA.endedAt).toBeNull();
  letCallbacksPass();
  await waitFor('the end at Telnyx', () => call!.legA.endedAt);
  await waitFor('the end', async () => (await record()).state === 4);
  expect(await record()).toEqual({
    state: 4,
    id: `${ACCOUNT.externalId}/${telnyxId(call!.legA.sid)}`,
    reason: 'canceled',
  });
  await service.close();
  await server.close();
});
