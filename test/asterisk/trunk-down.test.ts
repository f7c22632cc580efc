/** A trunk refuses leg A before a phone has rung: the next provider on the route carries the call. */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import {
  newPeople,
  NUMBER_OF_NOBODY,
  numberOf,
  reached,
  shownCall,
  startPbxService,
  statesOf,
  type ShownCall,
} from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';
import type { TestApp } from '../support/test-app.js';
import { ACCOUNTS, CALLER_NUMBER, PUBLIC_URL, TENANT, twilioSettings } from '../support/twilio-call.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

/** A number on a trunk that has not registered. */
const NUMBER_ON_TRUNK = '+8613600001001';
const CALLEE = '+8613800002000';

interface Party {
  readonly refusal: string;
  readonly early?: string;
}

describeOnAsterisk(missing, 'on a route of Asterisk and Twilio,', () => {
  let asterisk: Asterisk;
  let twilio: TwilioServer;
  let shared: TestDatabase;
  let service: TestApp;
  /** Receives all of Asterisk's events too, but has not dialled. */
  let replica: TestApp;
  const phones: Phone[] = [];

  beforeAll(async () => {
    asterisk = await startAsterisk();
    twilio = await startTwilioServer({
      accounts: ACCOUNTS,
      callerNumbers: [CALLER_NUMBER],
      speed: 20,
      reach: (url) => url.replace(PUBLIC_URL, service.url),
    });
    shared = await createTestDatabase();
    const environment = {
      ASTERISK_DIAL: `+86139=PJSIP/phone/sip:phone@127.0.0.1:{rest},+86137=PJSIP/away,+8613=PJSIP/{digits}@away`,
      ...twilioSettings(twilio.url),
      TWILIO_CALLS_PER_SECOND: '1000',
      ROUTES: '=asterisk/twilio',
    };
    service = await startPbxService(asterisk, environment, shared.url);
    replica = await startPbxService(asterisk, environment, shared.url);
  });
  afterAll(async () => {
    await Promise.all(phones.map((one) => one.end()));
    await service.close();
    await replica.close();
    await twilio.close();
    await asterisk.remove();
    await shared.drop();
  });

  const phoneThat = async (habits: Party): Promise<string> => {
    const one = await startPhone(asterisk.folder, { ringMs: 1, ...habits });
    phones.push(one);
    return numberOf(one);
  };
  const placedBy = async (callerPhone: string) => {
    const { callerId, calleeId } = await newPeople(service, callerPhone, CALLEE);
    await service.admin('PUT', `users/${callerId}/sub-accounts/twilio`, TENANT);
    const dialsBefore = twilio.requests.length;
    const { data, returnCode } = await service.ask(callerId, `call/${calleeId}`);
    const found = await service.admin('GET', `calls?userId=${callerId}&limit=1`);
    const [{ callSid }] = ((await found.json()) as { items: [{ callSid: string }] }).items;
    const call = (await reached(service, callSid, '4')) as ShownCall & { provider: string };
    return {
      call,
      callSid,
      returnCode,
      placed: data?.callSid === callSid,
      dialledNext: twilio.requests.length > dialsBefore,
    };
  };
  const detailOf = ({ events }: ShownCall, type: string): unknown =>
    (events as unknown as { type: string; detail: unknown }[]).find((event) => event.type === type)?.detail;
  const expectNextProvider = async (callerPhone: string, code: string): Promise<void> => {
    const { call, placed } = await placedBy(callerPhone);

    expect(call).toMatchObject({ provider: 'twilio', endReason: 'completed' });
    expect(placed).toBe(true);
    expect(detailOf(call, 'passed_over')).toMatchObject({ provider: 'asterisk', category: 'provider_down', code });
    expect(statesOf(call)).toBe('');
  };

  it('a trunk that has not registered is passed over', () => expectNextProvider(NUMBER_ON_TRUNK, 'ARI-500'));

  it.each([
    '401 Unauthorized',
    '408 Request Timeout',
    '500 Server Internal Error',
    '503 Service Unavailable',
    '504 Server Time-out',
  ])('a trunk that replies %s at once is passed over', async (refusal) => {
    await expectNextProvider(await phoneThat({ early: '100 Trying', refusal }), `SIP-${refusal.slice(0, 3)}`);
  });

  it.each<[string, Party, string]>([
    ['has no such number', { early: '100 Trying', refusal: '404 Not Found' }, 'unreachable'],
    ['is temporarily unavailable', { early: '100 Trying', refusal: '480 Temporarily Unavailable' }, 'unreachable'],
    ['is busy', { refusal: '486 Busy Here' }, 'busy'],
    ['rings before the trunk fails', { refusal: '503 Service Unavailable' }, 'failed'],
  ])('a caller’s phone that %s ends the call', async (_, habits, endReason) => {
    const { call, callSid, placed, dialledNext } = await placedBy(await phoneThat(habits));

    expect({ placed, dialledNext }).toEqual({ placed: true, dialledNext: false });
    expect(call).toMatchObject({ provider: 'asterisk', endReason });
    await waitFor('Asterisk’s ended event', async () => statesOf(await shownCall(service, callSid)) === 'ended');
  });

  it('an own phone that has not registered is refused as bad_number', async () => {
    const { call, returnCode, dialledNext } = await placedBy(NUMBER_OF_NOBODY);

    expect({ returnCode, dialledNext }).toEqual({ returnCode: 400, dialledNext: false });
    expect(detailOf(call, 'refused')).toMatchObject({ category: 'bad_number', code: 'ARI-500' });
  });
});
