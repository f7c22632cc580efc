/** A hunt at Twilio: each next number is our reply to the end of the Dial before. */
import { readConfig } from '../../src/config/config.js';
import type { CallMilestone, DialRequest } from '../../src/telephony/telephony-provider.js';
import { hangUpLegs, type Legs } from '../../src/telephony/twilio/hang-up.js';
import type { TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import { createProxiedDatabase } from '../support/proxied-database.js';
import {
  ACCOUNTS,
  CALLER_NUMBER,
  noTimeout,
  OTHER_CALLER_NUMBER,
  TENANT,
  twilioDial,
  twilioProvider,
} from '../support/twilio-call.js';
import { signatureOf } from '../support/twilio-callbacks.js';
import { recordAfter, startTwilioReceiver, type TwilioReceiver } from '../support/twilio-receiver.js';
import { startTwilioService } from '../support/twilio-service.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

let server: TwilioServer;
let receiver: TwilioReceiver;
let provider: TwilioProvider;

beforeEach(async () => {
  receiver = await startTwilioReceiver(() => provider);
  server = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER, OTHER_CALLER_NUMBER],
    speed: 50,
  });
  provider = twilioProvider({ apiUrl: server.url, publicUrl: receiver.url });
});
afterEach(async () => {
  await provider.close();
  await server.close();
  await receiver.close();
});

const huntOf = (...scripts: readonly string[]): DialRequest => {
  const hunt = scripts.map((script, index) => ({ phone: `+86138000020${script}`, ringSeconds: 10 + index }));
  return { ...twilioDial(scripts[0]!), hunt };
};

const place = async (request: DialRequest) => {
  const outcome = await provider.dial(request, noTimeout());
  if (outcome.kind !== 'accepted') throw new Error(outcome.text);
  return { callSid: request.callSid, providerCallId: outcome.providerCallId! };
};

const isOver = async (providerCallId: string): Promise<void> => {
  await waitFor('the end', () => server.callOf(providerCallId).legA.endedAt !== null);
  await waitFor('all callbacks to be answered', () => server.callbacks.every(({ answers }) => answers.length > 0));
};

it('has the ring time, the extension and the terms of each number, in every Dial', async () => {
  const request = {
    ...twilioDial('01'),
    hunt: [
      { phone: '+8613800002001', ringSeconds: 11 },
      { phone: '+8613800002000', extension: '8001', ringSeconds: 12 },
    ],
    terms: { longestTalkSeconds: 600, record: true, shownToCallee: OTHER_CALLER_NUMBER },
  };
  const call = await place(request);
  await waitFor('the second number', () => server.callOf(call.providerCallId).legB?.to === '+8613800002000');

  expect(server.callOf(call.providerCallId).dial).toMatchObject({
    callerId: OTHER_CALLER_NUMBER,
    timeoutSeconds: 12,
    timeLimitSeconds: 600,
    records: true,
    sendDigits: expect.stringMatching(/^w+8001$/),
  });
  await isOver(call.providerCallId);
  expect(recordAfter(receiver.eventsOf(call.callSid))).toMatchObject({ state: 4, endReason: 'completed' });
  expect(server.applicationErrors).toEqual([]);
});

it('whispers to each number but an extension, and ends with one that hangs up in the whisper', async () => {
  const whisperUrl = 'https://handler.twilio.com/twiml/EH1?from=app&to=phone';
  await provider.close();
  provider = twilioProvider({ apiUrl: server.url, publicUrl: receiver.url, whisperUrl });
  const request = huntOf('01', '02', '15', '00');
  const hunt = request.hunt!.map((one, index) => (index === 1 ? { ...one, extension: '8001' } : one));
  const outcome = await provider.dial({ ...request, hunt }, noTimeout());
  if (outcome.kind !== 'accepted') throw new Error(outcome.text);
  const call = server.callOf(outcome.providerCallId!);
  const whisperTo = async (script: string) => {
    await waitFor(`the dial to ${script}`, () => call.legB?.to.endsWith(script));
    return call.dial.whisperUrl;
  };

  expect(await whisperTo('01')).toBe(whisperUrl);
  expect(await whisperTo('02')).toBeNull();
  expect(await whisperTo('15')).toBe(whisperUrl);
  await isOver(outcome.providerCallId!);

  const dials = server.callbacks.filter(({ url }) => url.includes('source=dial'));
  expect(dials.at(-1)?.fields).toMatchObject({ DialBridged: 'false', DialCallStatus: 'completed' });
  const events = receiver.eventsOf(request.callSid);
  for (const order of [events, events.toReversed()]) {
    expect(recordAfter(order)).toMatchObject({ state: 4, endReason: 'completed' });
  }
  expect(events.filter(({ type }) => type === 'leg_ended').map(({ place }) => place)).toEqual([1, 2]);
});

it('fits into the 4,000 characters of a document, with ten numbers, CONFIRM_CALLER and the longest TWILIO_WHISPER', async () => {
  const asking = twilioProvider({
    apiUrl: server.url,
    publicUrl: `${receiver.url}/${'p'.repeat(70)}`,
    confirmCallerSeconds: 10,
    calleeMachineDetection: 'DetectMessageEnd',
    whisperUrl: readConfig({ TWILIO_WHISPER: `https://${'w'.repeat(392)}` }).twilioWhisper!,
  });

  await asking.dial(huntOf(...Array.from({ length: 10 }, (_, index) => String(30 + index))), noTimeout());

  expect(server.forms[0]?.get('Twiml')?.length).toBeLessThan(4_000);
  await asking.close();
});

it.each(['in order', 'reversed'])(
  'is one call in the record, whose end is that of the last number; events %s',
  async (order) => {
    const call = await place(huntOf('04', '02', '01'));
    await isOver(call.providerCallId);

    const events = receiver.eventsOf(call.callSid);

    expect(recordAfter(order === 'reversed' ? events.toReversed() : events)).toMatchObject({ endReason: 'busy' });
    const ended = events.filter(({ type }) => type === 'leg_ended');
    expect(ended.map(({ place, endReason }) => ({ place, endReason }))).toEqual([
      { place: 1, endReason: 'unreachable' },
      { place: 2, endReason: 'no_answer' },
    ]);
    const { legB, earlierLegs } = server.callOf(call.providerCallId);
    expect([...earlierLegs, legB].map((leg) => leg?.to.slice(-2))).toEqual(['04', '02', '01']);
  },
);

it('tells the same events when it is asked', async () => {
  const call = await place(huntOf('04', '02', '00'));
  await isOver(call.providerCallId);

  const status = await provider.fetchStatus(call);

  if (status.kind !== 'known') throw new Error('the call is not known');
  const told = receiver.eventsOf(call.callSid).map(({ eventId, type, place }) => ({ eventId, type, place }));
  for (const { eventId, type, place } of status.events) expect(told).toContainEqual({ eventId, type, place });
  expect(status.events.filter(({ type }) => type === 'leg_ended')).toHaveLength(2);
  expect(status.events.find(({ type }) => type === 'answered')).toMatchObject({ place: 3 });
});

it('tells no end while the next number may be dialled', async () => {
  const call = await place(huntOf('01', '13'));
  await waitFor('the second number', () => server.callOf(call.providerCallId).legB?.status === 'ringing');

  const status = await provider.fetchStatus(call);

  if (status.kind !== 'known') throw new Error('the call is not known');
  const events = status.events.map(({ type, place }) => `${type} ${place ?? ''}`);
  expect(events.slice(0, 3)).toEqual(['accepted ', 'caller_answered ', 'leg_ended 1']);
  // It may have been answered meanwhile, and is not over before it is hung up.
  expect(['ringing 2', 'answered 2']).toContain(events[3]);
  expect(events).toHaveLength(4);
  await provider.hangUp(call);
});

it('dials no other number when the caller has hung up, or when an order has canceled the one that rings', async () => {
  // A number rings for a fifth of a second, which a busy machine may need to see both ring.
  server.holdAt('ringing');
  const [left, canceled] = [await place(huntOf('02', '00')), await place(huntOf('02', '00'))];
  const rings = ({ providerCallId }: typeof left) => server.callOf(providerCallId).legB?.status === 'ringing';
  await waitFor('both to ring', () => rings(left) && rings(canceled));

  server.callerHangsUp(left.providerCallId);
  expect(await provider.hangUp(canceled, 'answered')).toEqual({ kind: 'taken' });

  for (const call of [left, canceled]) {
    await isOver(call.providerCallId);
    expect(recordAfter(receiver.eventsOf(call.callSid))).toMatchObject({ endReason: 'canceled' });
    expect(server.callOf(call.providerCallId).earlierLegs).toEqual([]);
  }
});

it('refuses a callback whose place in the hunt is another one, or none', async () => {
  const call = await place(huntOf('01', '00'));
  await isOver(call.providerCallId);
  const ofHunt = receiver.requests.find(({ target }) => target.includes('hunt=1.2') && target.includes('source=dial'))!;

  for (const [from, to] of [
    ['hunt=1.2', 'hunt=1.3'],
    ['hunt=1.2&', ''],
  ] as const) {
    const target = ofHunt.target.replace(from, to);
    const fields = Object.fromEntries(new URLSearchParams(ofHunt.body.toString()));
    const headers = {
      ...ofHunt.headers,
      'x-twilio-signature': signatureOf(TENANT.secret, receiver.url + target, fields),
    };
    expect(provider.readWebhook({ ...ofHunt, target, headers })).toMatchObject({ kind: 'forged' });
  }
});

describe('a conditional hang-up, when a number of a hunt ends by itself a moment before,', () => {
  const legsWith = (second: 'ringing' | 'in-progress' | null) => {
    const orders: string[] = [];
    let reads = 0;
    const legs: Legs = {
      async end(sid, as) {
        orders.push(`${sid} ${as}`);
        if (sid === 'A') return as === 'canceled' ? 'in-progress' : 'completed';
        if (sid === 'B1') return 'invalid state';
        return second === 'ringing' ? 'canceled' : 'invalid state';
      },
      statusOf: async (sid) =>
        sid === 'B1' ? 'busy' : sid === 'B2' ? 'in-progress' : second ? 'in-progress' : 'completed',
      childOf: async () => (reads++ < 2 || !second ? { sid: 'B1', status: 'busy' } : { sid: 'B2', status: second }),
    };
    return { orders, hangUp: (before: CallMilestone) => hangUpLegs(legs, 'A', before) };
  };

  it('cancels the next number, and then the caller’s leg', async () => {
    const { orders, hangUp } = legsWith('ringing');

    expect(await hangUp('answered')).toEqual({ kind: 'taken' });

    expect(orders).toEqual(['A canceled', 'B1 canceled', 'B2 canceled', 'A completed']);
  });

  it('ends nothing when the next number has been answered', async () => {
    const { orders, hangUp } = legsWith('in-progress');

    expect(await hangUp('answered')).toEqual({ kind: 'passed' });

    expect(orders).toEqual(['A canceled', 'B1 canceled', 'B2 canceled']);
  });

  it('is gone when it was the last number', async () => {
    const { orders, hangUp } = legsWith(null);

    expect(await hangUp('answered')).toEqual({ kind: 'gone' });

    expect(orders).toEqual(['A canceled', 'B1 canceled']);
  });
});

it('goes on while the database is away, and the record tells all of it afterwards', async () => {
  const proxied = await createProxiedDatabase();
  const telephony = await startTwilioService({}, proxied.url);
  const { service, twilio } = telephony;
  const shown = async (callSid: string) =>
    (await (await service.admin('GET', `calls/${callSid}`)).json()) as {
      readonly stateType: string;
      readonly events: { readonly type: string }[];
    };
  try {
    await service.database.query('truncate service_line');
    const phones = ['02', '13'].map((script) => ({ phone: `+86138000031${script}`, ringSeconds: 40 }));
    await service.admin('POST', 'service-lines', { name: 'line', open: true, position: 1, phones });
    const { data } = await service.ask(await telephony.user(), 'callService');
    const call = await waitFor('the first number to ring', () =>
      [...twilio.calls.values()].find(({ legB }) => legB?.status === 'ringing'),
    );

    proxied.proxy.mode = 'cut';
    await waitFor('the second number', () => call.legB?.to.endsWith('13'));
    proxied.proxy.mode = 'pass';

    const talk = await waitFor('the talk, and the end of the first number', async () => {
      const found = await shown(data!.callSid!);
      return found.stateType === '3' && found.events.some(({ type }) => type === 'leg_ended') && found;
    });
    expect(talk).toMatchObject({ calleePhone: '+8613800003113' });
    expect(twilio.applicationErrors).toEqual([]);
    await service.admin('POST', `calls/${data!.callSid!}/cancel`);
  } finally {
    await telephony.close();
    await proxied.drop();
  }
});
