/** Twilio's reply to a dial is lost or broken: the state of the call, of a cancel, and of the caller's next call. */
import { request } from 'undici';
import { UNPLACED_DIAL_SECONDS } from '../../src/call/record/call-limits.js';
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { placeCall } from '../support/placed-call.js';
import { age, markDialedNow } from '../support/scripted-replica.js';
import { TENANT } from '../support/twilio-call.js';
import type { Call } from '../support/twilio-calls.js';
import { startTwilioService, type TwilioService } from '../support/twilio-service.js';
import { waitFor } from '../support/wait-for.js';

const SYSTEM = { returnCode: 500, returnMsg: '系统内部异常!' };
const BUSY = { returnCode: 429, returnMsg: '您有正在进行的通话,请稍后再试!' };
const CANCELED = { data: { isSuccess: 'success' }, returnCode: 200, returnMsg: 'success' };
/** Long enough for a dial to reach Twilio on a slow machine. */
const DIAL_TIMEOUT = 3;

let telephony: TwilioService;

beforeAll(async () => {
  telephony = await startTwilioService({ DIAL_TIMEOUT: String(DIAL_TIMEOUT), SWEEP_EVERY: '3600' });
});
afterEach(async () => {
  telephony.twilio.holdAt('ended');
  telephony.receivesCallbacks = true;
  // A successful dial keeps the circuit closed: it opens after ten failures in a row.
  await placeCall(telephony.service, await telephony.user(), '2001');
});
afterAll(() => telephony.close());

interface Row {
  readonly callSid: string;
  readonly providerCallId: string | null;
  readonly state: number;
  readonly endReason: string | null;
}

const callOf = async (userId: string): Promise<Row> => {
  const [row] = await telephony.service.database.query<Row[]>(
    `select call_sid as "callSid", provider_call_id as "providerCallId", state, end_reason as "endReason"
     from call_records where caller_id = $1 order by call_sid desc limit 1`,
    [userId],
  );
  return row!;
};
const ask = (userId: string, path: string) => telephony.service.ask(userId, path);
const lastAtTwilio = (): Call => [...telephony.twilio.calls.values()].at(-1)!;
const idOf = ({ legA }: Call): string => `${TENANT.externalId}/${legA.sid}`;
/** Moves the dial into the past and sweeps. Two seconds are enough for the first check of a dial; SETTLED for the last. */
const later = async (callSid: string, seconds = 2): Promise<void> => {
  await age(telephony.service, callSid, seconds);
  await telephony.service.app.nest.get(Sweeper, { strict: false }).sweep();
};
/** The check of a dial with an unknown outcome is brought forward after the caller has been answered. */
const untilCheckIsNear = (callSid: string): Promise<unknown> =>
  waitFor('the check to be brought forward', async () => {
    const near = await telephony.service.database.query<unknown[]>(
      `select from call_records where call_sid = $1 and sweep_at < now() + interval '2 seconds'`,
      [callSid],
    );
    return near.length > 0;
  });
const SETTLED = DIAL_TIMEOUT + UNPLACED_DIAL_SECONDS;

/** In each case Twilio rings the caller's phone. */
const LOSSES: Readonly<Record<string, () => string>> = {
  'does not reply': () => '2008',
  'replies with 500 and places the call': () => {
    telephony.twilio.replyNext(500, JSON.stringify({ code: 20500, message: 'Internal Server Error', status: 500 }));
    return '2013';
  },
  'replies with 201 and half a body': () => {
    telephony.twilio.replyNext(201, '{"sid":"CA');
    return '2013';
  },
  'replies with 201 and no sid': () => {
    telephony.twilio.replyNext(201, '{"status":"queued"}');
    return '2013';
  },
};

it('the call’s id is found while the caller’s phone rings, and a cancel is carried out', async () => {
  telephony.twilio.holdAt('nothing');
  const user = await telephony.user();
  const callSid = await placeCall(telephony.service, user, '2008');

  await waitFor('the id', async () => (await callOf(user)).providerCallId);

  expect(await callOf(user)).toMatchObject({ callSid, providerCallId: idOf(lastAtTwilio()), state: 1 });
  expect(await ask(user, `callCancel/${callSid}`)).toEqual(CANCELED);
  expect(lastAtTwilio().legA.status).toBe('canceled');
  expect(await callOf(user)).toMatchObject({ state: 4, endReason: 'canceled' });
});

describe.each(Object.keys(LOSSES))('when no callback arrives, and Twilio %s,', (loss) => {
  beforeEach(() => {
    telephony.receivesCallbacks = false;
    telephony.twilio.holdAt('nothing');
  });

  it('the sweeper finds the call within seconds, and the call goes on', async () => {
    const user = await telephony.user();
    await ask(user, `call/${LOSSES[loss]!()}`);

    const { callSid } = await callOf(user);
    await untilCheckIsNear(callSid);
    await later(callSid);

    expect(await callOf(user)).toMatchObject({ providerCallId: idOf(lastAtTwilio()), state: 1 });
  });

  it('a cancel finds the call and ends it', async () => {
    const user = await telephony.user();
    await ask(user, `call/${LOSSES[loss]!()}`);

    expect(await ask(user, `callCancel/${(await callOf(user)).callSid}`)).toEqual(CANCELED);

    expect(lastAtTwilio().legA.status).toBe('canceled');
    expect(await callOf(user)).toMatchObject({ state: 4, endReason: 'canceled' });
  });
});

describe('a dial that fails at Twilio and is not placed', () => {
  it.each([
    [500, 20500],
    [503, 20503],
  ])(
    'keeps its caller busy for a few seconds, and is then closed as failed: status %i, code %i',
    async (status, code) => {
      const user = await telephony.user();
      telephony.twilio.answerNext(status, JSON.stringify({ code, message: 'please try again', status }));
      expect(await ask(user, 'call/2013')).toEqual(SYSTEM);
      const { callSid } = await callOf(user);
      await markDialedNow(telephony.service, callSid);
      expect(await ask(user, 'call/2012')).toEqual(BUSY);

      await age(telephony.service, callSid, SETTLED);

      const placed = await placeCall(telephony.service, user, '2012');
      expect(placed).not.toBe(callSid);
      const [old] = await telephony.service.database.query<object[]>(
        'select state, end_reason from call_records where call_sid = $1',
        [callSid],
      );
      expect(old).toEqual({ state: 4, end_reason: 'failed' });
    },
  );

  it('is closed by the sweeper too, but not before its time limit', async () => {
    const user = await telephony.user();
    await ask(user, 'call/2009');
    const { callSid } = await callOf(user);

    await markDialedNow(telephony.service, callSid);
    await later(callSid, 0);
    expect(await callOf(user)).toMatchObject({ state: 1 });
    await later(callSid, SETTLED);

    expect(await callOf(user)).toMatchObject({ callSid, state: 4, endReason: 'failed' });
  });

  it('is not matched to the caller’s previous call', async () => {
    const user = await telephony.user();
    await placeCall(telephony.service, user, '2001');
    await waitFor('its end', async () => (await callOf(user)).state === 4);
    await ask(user, 'call/2009');
    const { callSid } = await callOf(user);

    await later(callSid, SETTLED);

    expect(await callOf(user)).toMatchObject({ callSid, providerCallId: null, state: 4, endReason: 'failed' });
  });

  it('can be canceled: the cancel is stored, and carried out if Twilio places the call later', async () => {
    telephony.twilio.holdAt('nothing');
    const user = await telephony.user();
    await ask(user, 'call/2009');
    const { callSid } = await callOf(user);

    expect(await ask(user, `callCancel/${callSid}`)).toEqual(CANCELED);
    expect(await callOf(user)).toMatchObject({ state: 1 });
    await placeLate(telephony.twilio.forms.findLast((form) => form.get('StatusCallback')?.includes(callSid))!);

    await waitFor('the end', async () => (await callOf(user)).state === 4);
    expect(lastAtTwilio().legA.status).toBe('canceled');
    expect(await callOf(user)).toMatchObject({ callSid, endReason: 'canceled', providerCallId: idOf(lastAtTwilio()) });
  });

  it('is hung up if Twilio places it after it was closed, and its end corrects the record', async () => {
    telephony.twilio.holdAt('nothing');
    const user = await telephony.user();
    await ask(user, 'call/2009');
    const { callSid } = await callOf(user);
    await later(callSid, SETTLED);
    expect(await callOf(user)).toMatchObject({ state: 4, endReason: 'failed' });

    await placeLate(telephony.twilio.forms.findLast((form) => form.get('StatusCallback')?.includes(callSid))!);

    await waitFor('the end', async () => (await callOf(user)).endReason === 'canceled');
    expect(lastAtTwilio().legA.status).toBe('canceled');
    expect(await callOf(user)).toMatchObject({ callSid, state: 4, providerCallId: idOf(lastAtTwilio()) });
  });
});

/** Sends the recorded dial again, to a callee whose phone answers. */
const placeLate = async (order: URLSearchParams): Promise<void> => {
  order.set('Twiml', order.get('Twiml')!.replace(/09<\/Number>/, '13</Number>'));
  const { statusCode } = await request(`${telephony.twilio.url}/2010-04-01/Accounts/${TENANT.externalId}/Calls.json`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${TENANT.externalId}:${TENANT.secret}`).toString('base64')}`,
    },
    body: order.toString(),
  });
  expect(statusCode).toBe(201);
};
