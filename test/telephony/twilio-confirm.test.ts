/** With CONFIRM_CALLER, Twilio asks the caller for a key before it dials leg B. Complete calls, over HTTP in both directions. */
import type { TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import { readGather } from '../support/twilio-twiml.js';
import { signatureOf } from '../support/twilio-callbacks.js';
import { ACCOUNTS, CALLER_NUMBER, noTimeout, TENANT, twilioDial, twilioProvider } from '../support/twilio-call.js';
import { recordAfter, startTwilioReceiver, type TwilioReceiver } from '../support/twilio-receiver.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

let server: TwilioServer;
let receiver: TwilioReceiver;
let provider: TwilioProvider;

const start = async (keys: string): Promise<void> => {
  receiver = await startTwilioReceiver(() => provider);
  server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 50, keys });
  provider = twilioProvider({ apiUrl: server.url, publicUrl: receiver.url, confirmCallerSeconds: 10 });
};
afterEach(async () => {
  await provider.close();
  await server.close();
  await receiver.close();
});

const callOver = async (callerPhone = '+8613800001001') => {
  const request = { ...twilioDial('00'), callerPhone };
  const outcome = await provider.dial(request, noTimeout());
  if (outcome.kind !== 'accepted') throw new Error(`refused: ${outcome.text}`);
  const call = server.callOf(outcome.providerCallId!);
  await waitFor('both legs to end', () => call.legA.endedAt !== null && (call.legB?.endedAt ?? true));
  await waitFor('all callbacks to be answered', () => server.callbacks.every(({ answers }) => answers.length > 0));
  return { call, request, events: receiver.eventsOf(request.callSid) };
};

it('a caller who presses 1 is connected, by the same Dial as without the question', async () => {
  await start('1');

  const { call, request, events } = await callOver();

  expect(call.legB?.to).toBe(request.calleePhone);
  expect(call.dial).toMatchObject({ callerId: CALLER_NUMBER, timeoutSeconds: 30, timeLimitSeconds: 3600 });
  expect(recordAfter(events)).toMatchObject({ state: 4, endReason: 'completed' });
  expect(server.applicationErrors).toEqual([]);
});

it.each(['', '5'])('a caller who presses %j is not connected', async (keys) => {
  await start(keys);

  const { call, events } = await callOver();

  expect(call.legB).toBeNull();
  for (const order of [events, events.toReversed()]) {
    expect(recordAfter(order)).toMatchObject({ state: 4, endReason: 'no_answer' });
  }
  expect(events.find(({ endReason }) => endReason === 'no_answer')?.detail).toEqual({ leg: 'A', confirmed: 'no' });
  expect(server.applicationErrors).toEqual([]);
});

it.each([
  ['+8613800001001', '请按1接通电话。'],
  ['+14155550100', 'To connect your call, press 1.'],
])('%s is asked in a language of the number', async (callerPhone, says) => {
  await start('');

  await callOver(callerPhone);

  expect(readGather(server.forms[0]?.get('Twiml') ?? '')).toMatchObject({ timeoutSeconds: 10, says });
});

it('the URL shows no number, and a tenant who signs another URL gets no other document', async () => {
  await start('1');
  const [one, other] = [await callOver(), await callOver()];
  const [ofOne, ofOther] = server.callbacks.filter(({ url }) => url.includes('source=confirm'));
  if (!ofOne || !ofOther) throw new Error('two questions');
  for (const { request } of [one, other]) {
    for (const { url } of [ofOne, ofOther]) expect(url).not.toContain(request.calleePhone.slice(1));
  }
  const replyTo = (url: string): string => {
    const [whole = ''] = url.split('#');
    const reading = provider.readWebhook({
      headers: { 'x-twilio-signature': signatureOf(TENANT.secret, whole, ofOne.fields) },
      body: Buffer.from(new URLSearchParams(ofOne.fields).toString()),
      target: whole.slice(receiver.url.length),
      address: '127.0.0.1',
    });
    return reading.kind === 'genuine' ? (reading.reply?.body ?? '') : reading.reason;
  };
  const mixed = new URL(ofOne.url);
  mixed.searchParams.set('then', new URL(ofOther.url).searchParams.get('then') ?? '');

  expect(replyTo(ofOne.url)).toContain(one.request.calleePhone);
  expect(replyTo(mixed.href)).not.toContain('<Dial');
});
