/** Complete calls, over HTTP in both directions: the callbacks that Twilio sends, and the record that they yield. */
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
  return { callSid: request.callSid, providerCallId: outcome.providerCallId! };
};

/** Waits until Twilio has nothing more to send. */
const over = async (providerCallId: string): Promise<void> => {
  const call = server.callOf(providerCallId);
  await waitFor('both legs to end', () => call.legA.endedAt !== null && (call.legB?.endedAt ?? true));
  await waitFor('all callbacks to be answered', () => server.callbacks.every(({ answers }) => answers.length > 0));
};

const textOf = ({ type, endReason }: ProviderEvent): string => (endReason ? `${type}: ${endReason}` : type);

/** All permutations. With seven items there are 5,040. */
const permutations = <T>(things: readonly T[]): T[][] =>
  things.length < 2
    ? [[...things]]
    : things.flatMap((first, at) => permutations(things.toSpliced(at, 1)).map((rest) => [first, ...rest]));

/** Reported when leg A is queued, and again when its phone rings. */
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

  it.each(SCRIPTS)('of script %s, %s, is reported leg by leg', async (script, _, expected, endReason) => {
    const { callSid, providerCallId } = await placed(script);

    await over(providerCallId);

    const events = receiver.eventsOf(callSid);
    expect(events.map(textOf).sort()).toEqual(expected.toSorted());
    for (const event of events) expect(event).toMatchObject({ callSid, providerCallId });
    expect(recordAfter(events)).toMatchObject({ state: 4, endReason });
    expect(server.applicationErrors).toEqual([]);
  });

  it.each(SCRIPTS)('of script %s, %s, has the same end reason in every order of its events', async (...script) => {
    const { callSid, providerCallId } = await placed(script[0]);

    await over(providerCallId);

    const reasons = permutations(receiver.eventsOf(callSid)).map((events) => recordAfter(events).endReason);
    expect(new Set(reasons)).toEqual(new Set([script[3]]));
  });

  it.each(SCRIPTS)('of script %s, %s, has the same events in fetchStatus', async (script, _, __, endReason) => {
    const { callSid, providerCallId } = await placed(script);
    await over(providerCallId);

    const status = await provider.fetchStatus({ callSid, providerCallId });

    const fetched = status.kind === 'known' ? status.events : [];
    const callbackIds = receiver.eventsOf(callSid).map(({ eventId }) => eventId);
    expect(callbackIds).toEqual(expect.arrayContaining(fetched.map(({ eventId }) => eventId)));
    // Twilio's records lack the SIP code, which identifies a declined call and an unreachable phone.
    const known = { rejected: 'busy', unreachable: 'failed' }[endReason] ?? endReason;
    expect(recordAfter(fetched)).toMatchObject({ state: 4, endReason: known });
  });

  it('of script 08 goes on although its dial had no reply, and its events contain the call’s id', async () => {
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

  it('has the SIP code, the duration and the leg in the detail of its end', async () => {
    const { callSid, providerCallId } = await placed('03');

    await over(providerCallId);

    const rejected = receiver.eventsOf(callSid).find(({ endReason }) => endReason === 'rejected');
    expect(rejected?.detail).toEqual({ leg: 'B', status: 'busy', sipCode: 603, seconds: 0 });
  });

  it('can be placed under the main account', async () => {
    const { callSid, providerCallId } = await placed('00', MAIN);

    await over(providerCallId);

    expect(providerCallId).toMatch(new RegExp(`^${MAIN.externalId}/CA`));
    expect(recordAfter(receiver.eventsOf(callSid))).toMatchObject({ endReason: 'completed' });
  });

  it('has its callbacks repeated under the same ids until they are accepted', async () => {
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

describe.each([true, false])('a caller who gives up, when Twilio then sends the Dial’s callback: %s,', (asks) => {
  beforeEach(() => start({}, { asksActionWhenCallerLeft: asks }));

  it('while the callee’s phone rings cancels the call, in every order of its events', async () => {
    const { callSid, providerCallId } = await placed('13');
    await waitFor('ringing', () => receiver.eventsOf(callSid).some(({ type }) => type === 'ringing'));

    server.callerHangsUp(providerCallId);

    await over(providerCallId);
    const events = receiver.eventsOf(callSid);
    for (const order of permutations(events))
      expect(recordAfter(order)).toMatchObject({ state: 4, endReason: 'canceled' });
    const status = await provider.fetchStatus({ callSid, providerCallId });
    expect(recordAfter(status.kind === 'known' ? status.events : [])).toMatchObject({ endReason: 'canceled' });
  });
});

describe('the configuration', () => {
  it('is sent with the dial: ring times, longest talk, caller number and both callbacks', async () => {
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

  it('of recordings yields the recording’s URL with the end', async () => {
    await start({ record: true });

    const { callSid, providerCallId } = await placed('00');

    await over(providerCallId);
    const recordings = receiver.eventsOf(callSid).flatMap(({ recording }) => recording ?? []);
    expect(recordings).toEqual([
      expect.stringMatching(/^https:\/\/api\.twilio\.com\/2010-04-01\/Accounts\/AC\w+\/Recordings\/RE\w+$/),
    ]);
    expect(recordAfter(receiver.eventsOf(callSid))).toMatchObject({ endReason: 'completed' });
  });

  it('of machine detection is sent with the dial, and its result is in the detail', async () => {
    await start({ machineDetection: 'Enable' });

    const { callSid, providerCallId } = await placed('01');

    await over(providerCallId);
    expect(server.forms[0]?.get('MachineDetection')).toBe('Enable');
    const answered = receiver.eventsOf(callSid).find(({ type }) => type === 'caller_answered');
    expect(answered?.detail).toMatchObject({ leg: 'A', answeredBy: 'human' });
  });

  it.each([
    ['14', 'machine_start'],
    ['00', 'human'],
  ])('of the callee’s machine detection yields who has answered: %s is %s', async (script, answeredBy) => {
    await start({ calleeMachineDetection: 'Enable' });

    const { callSid, providerCallId } = await placed(script);

    await over(providerCallId);
    const events = receiver.eventsOf(callSid);
    expect(events.filter(({ type }) => type === 'answered').map(({ detail }) => detail)).toEqual([
      expect.not.objectContaining({ answeredBy: expect.anything() }),
      { leg: 'B', answeredBy },
    ]);
    expect(recordAfter(events)).toMatchObject({ endReason: 'completed' });
    const status = await provider.fetchStatus({ callSid, providerCallId });
    const ends = status.kind === 'known' ? status.events.filter(({ causes }) => causes?.B) : [];
    expect(ends.map(({ causes }) => causes?.B)).toEqual([{ status: 'completed', answeredBy }]);
  });

  it('of the callee’s machine detection is none for a switchboard, which is a machine', async () => {
    await start({ calleeMachineDetection: 'Enable' });

    await provider.dial({ ...twilioDial('00'), calleeExtension: '8001' }, noTimeout());

    expect(server.forms[0]?.get('Twiml')).toContain('sendDigits');
    expect(server.forms[0]?.get('Twiml')).not.toContain('machineDetection');
  });
});
