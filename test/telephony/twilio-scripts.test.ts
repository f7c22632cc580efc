/** Whole calls, over HTTP both ways: what Twilio tells of them, and what the record makes of it. */
import type { ProviderEvent } from '../../src/telephony/telephony-provider.js';
import type { TwilioOptions, TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import {
  ACCOUNTS,
  CALLER_NUMBER,
  MAIN,
  noTimeout,
  TENANT,
  twilioDial,
  twilioProvider,
} from '../support/twilio-call.js';
import { recordAfter, startTwilioReceiver, type TwilioReceiver } from '../support/twilio-receiver.js';
import { startTwilioServer, type TwilioServer, type TwilioServerOptions } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

let server: TwilioServer;
let receiver: TwilioReceiver;
let provider: TwilioProvider;

const start = async (options: Partial<TwilioOptions> = {}, server_: Partial<TwilioServerOptions> = {}) => {
  receiver = await startTwilioReceiver(() => provider);
  server = await startTwilioServer({ accounts: ACCOUNTS, callerNumbers: [CALLER_NUMBER], speed: 50, ...server_ });
  provider = twilioProvider({ apiUrl: server.url, publicUrl: receiver.url, ...options });
};
afterEach(async () => {
  await provider.close();
  await server.close();
  await receiver.close();
});

const placed = async (script: string, subAccount = TENANT) => {
  const request = twilioDial(script, subAccount);
  const outcome = await provider.dial(request, noTimeout());
  if (outcome.kind !== 'accepted') throw new Error(`refused: ${outcome.text}`);
  return { callSid: request.callSid, providerCallId: outcome.providerCallId };
};

/** Until Twilio has nothing to add. */
const over = async (providerCallId: string): Promise<void> => {
  const call = server.callOf(providerCallId);
  await waitFor('both legs to end', () => call.legA.endedAt !== null && (call.legB?.endedAt ?? true));
  await waitFor('all to be told', () => server.callbacks.every(({ answers }) => answers.length > 0));
};

const told = ({ type, endReason }: ProviderEvent): string => (endReason ? `${type}: ${endReason}` : type);

/** All orders of up to seven things. */
const orders = <T>(things: readonly T[]): T[][] =>
  things.length < 2
    ? [[...things]]
    : things.flatMap((first, at) => orders(things.toSpliced(at, 1)).map((rest) => [first, ...rest]));

/** Told when leg A is queued, and again when its phone rings. */
const PLACED = ['accepted', 'accepted'];
const TALK = [...PLACED, 'caller_answered', 'ringing', 'answered', 'ended: completed', 'ended: canceled'];

const SCRIPTS: [script: string, title: string, events: string[], endReason: string][] = [
  ['00', 'answered, and the callee hangs up', TALK, 'completed'],
  ['01', 'busy', [...PLACED, 'caller_answered', 'ended: busy', 'ended: canceled'], 'busy'],
  ['02', 'not answered', [...PLACED, 'caller_answered', 'ringing', 'ended: no_answer', 'ended: canceled'], 'no_answer'],
  ['03', 'declined', [...PLACED, 'caller_answered', 'ringing', 'ended: rejected', 'ended: canceled'], 'rejected'],
  ['04', 'out of reach', [...PLACED, 'caller_answered', 'ended: unreachable', 'ended: canceled'], 'unreachable'],
  ['05', 'not answered by the caller', [...PLACED, 'ended: no_answer'], 'no_answer'],
  ['12', 'answered, and the caller hangs up', TALK, 'completed'],
];

describe('a call', () => {
  beforeEach(() => start());

  it.each(SCRIPTS)('of script %s, %s, is told leg by leg', async (script, _, expected, endReason) => {
    const { callSid, providerCallId } = await placed(script);

    await over(providerCallId);

    const events = receiver.eventsOf(callSid);
    expect(events.map(told).sort()).toEqual(expected.toSorted());
    for (const event of events) expect(event).toMatchObject({ callSid, providerCallId });
    expect(recordAfter(events)).toMatchObject({ state: 4, endReason });
    expect(server.applicationErrors).toEqual([]);
  });

  it.each(SCRIPTS)('of script %s, %s, ends for the same reason in whatever order it is told', async (...script) => {
    const { callSid, providerCallId } = await placed(script[0]);

    await over(providerCallId);

    const reasons = orders(receiver.eventsOf(callSid)).map((events) => recordAfter(events).endReason);
    expect(new Set(reasons)).toEqual(new Set([script[3]]));
  });

  it.each(SCRIPTS)('of script %s, %s, is fetched as the same facts', async (script, _, __, endReason) => {
    const { callSid, providerCallId } = await placed(script);
    await over(providerCallId);

    const status = await provider.fetchStatus({ callSid, providerCallId });

    const fetched = status.kind === 'known' ? status.events : [];
    const toldIds = receiver.eventsOf(callSid).map(({ eventId }) => eventId);
    expect(toldIds).toEqual(expect.arrayContaining(fetched.map(({ eventId }) => eventId)));
    // Twilio's records do not tell the SIP code, by which a declined call and one out of reach are known.
    const known = { rejected: 'busy', unreachable: 'failed' }[endReason] ?? endReason;
    expect(recordAfter(fetched)).toMatchObject({ state: 4, endReason: known });
  });

  it('of script 08 goes on although its dial was not replied to, and its events bear the id', async () => {
    const request = twilioDial('08');

    await expect(provider.dial(request, AbortSignal.timeout(2_000))).rejects.toThrow();

    const call = await waitFor('the call', () => [...server.calls.values()][0]);
    await over(call.legA.sid);
    expect(recordAfter(receiver.eventsOf(request.callSid))).toMatchObject({ state: 4, endReason: 'completed' });
    expect(receiver.eventsOf(request.callSid)[0]?.providerCallId).toBe(`${TENANT.externalId}/${call.legA.sid}`);
    expect(server.calls.size).toBe(1);
  });

  it('of script 13 goes on until it is hung up', async () => {
    const call = await placed('13');
    await waitFor('the talk', () => receiver.eventsOf(call.callSid).some(({ type }) => type === 'answered'));

    expect(await provider.hangUp(call)).toEqual({ kind: 'taken' });

    await over(call.providerCallId);
    expect(recordAfter(receiver.eventsOf(call.callSid))).toMatchObject({ state: 4, endReason: 'completed' });
  });

  it('tells the SIP code, the length and the leg in the detail', async () => {
    const { callSid, providerCallId } = await placed('03');

    await over(providerCallId);

    const rejected = receiver.eventsOf(callSid).find(({ endReason }) => endReason === 'rejected');
    expect(rejected?.detail).toEqual({ leg: 'B', status: 'busy', sipCode: 603, seconds: 0 });
  });

  it('may be placed under the main account itself', async () => {
    const { callSid, providerCallId } = await placed('00', MAIN);

    await over(providerCallId);

    expect(providerCallId).toMatch(new RegExp(`^${MAIN.externalId}/CA`));
    expect(recordAfter(receiver.eventsOf(callSid))).toMatchObject({ endReason: 'completed' });
  });

  it('is told again, under the same ids, until it is taken', async () => {
    receiver.refuseWith = 503;
    const { callSid, providerCallId } = await placed('05');
    await waitFor('a refusal', () => server.callbacks.some(({ answers }) => answers.includes(503)));
    receiver.refuseWith = null;

    await over(providerCallId);

    expect(recordAfter(receiver.eventsOf(callSid))).toMatchObject({ endReason: 'no_answer' });
    const tokens = receiver.requests.map(({ headers }) => headers['i-twilio-idempotency-token']);
    expect(new Set(tokens).size).toBeLessThan(tokens.length);
    for (const reading of receiver.readings) expect(reading).toMatchObject({ kind: 'genuine', receipt: null });
  });
});

describe.each([true, false])('a caller who gives up, when the Dial’s end is told afterwards: %s,', (asks) => {
  beforeEach(() => start({}, { asksActionWhenCallerLeft: asks }));

  it('while the callee’s phone rings has canceled the call, in whatever order it is told', async () => {
    const { callSid, providerCallId } = await placed('13');
    await waitFor('ringing', () => receiver.eventsOf(callSid).some(({ type }) => type === 'ringing'));

    server.callerHangsUp(providerCallId);

    await over(providerCallId);
    const events = receiver.eventsOf(callSid);
    for (const order of orders(events)) expect(recordAfter(order)).toMatchObject({ state: 4, endReason: 'canceled' });
    const status = await provider.fetchStatus({ callSid, providerCallId });
    expect(recordAfter(status.kind === 'known' ? status.events : [])).toMatchObject({ endReason: 'canceled' });
  });
});

describe('what is configured', () => {
  it('is in the order: ring times, the longest talk, the caller number, both callbacks', async () => {
    await start({ ringCallerSeconds: 25, ringCalleeSeconds: 35, longestTalkSeconds: 7200 });

    await placed('13');

    const [form] = server.forms;
    expect(form?.get('From')).toBe(CALLER_NUMBER);
    expect(form?.get('Timeout')).toBe('25');
    expect(form?.has('MachineDetection')).toBe(false);
    expect([...server.calls.values()][0]?.dial).toMatchObject({
      callerId: CALLER_NUMBER,
      timeoutSeconds: 35,
      timeLimitSeconds: 7200,
      records: false,
      statusCallbackEvents: ['ringing', 'answered', 'completed'],
    });
  });

  it('a recording is told with the end', async () => {
    await start({ record: true });

    const { callSid, providerCallId } = await placed('00');

    await over(providerCallId);
    const recordings = receiver.eventsOf(callSid).flatMap(({ recording }) => recording ?? []);
    expect(recordings).toEqual([
      expect.stringMatching(/^https:\/\/api\.twilio\.com\/2010-04-01\/Accounts\/AC\w+\/Recordings\/RE\w+$/),
    ]);
    expect(recordAfter(receiver.eventsOf(callSid))).toMatchObject({ endReason: 'completed' });
  });

  it('a search for machines is ordered, and what it found is in the detail', async () => {
    await start({ machineDetection: 'Enable' });

    const { callSid, providerCallId } = await placed('01');

    await over(providerCallId);
    expect(server.forms[0]?.get('MachineDetection')).toBe('Enable');
    const answered = receiver.eventsOf(callSid).find(({ type }) => type === 'caller_answered');
    expect(answered?.detail).toMatchObject({ leg: 'A', answeredBy: 'human' });
  });
});
