/** The numbers that the two phones show: settings with the same names at every provider, and a dial that is lost is found by them. */
import { PROVIDER_SETTINGS } from '../../src/config/provider-settings.js';
import * as signalWire from '../support/signalwire-call.js';
import { startSignalWireServer } from '../support/signalwire-server.js';
import * as telnyx from '../support/telnyx-call.js';
import { startTelnyxServer } from '../support/telnyx-server.js';
import { startTestApp } from '../support/test-app.js';
import {
  ACCOUNTS,
  CALLER_NUMBER,
  noTimeout,
  OTHER_CALLER_NUMBER,
  SHOWN_NUMBERS,
  TENANT,
  twilioDial,
  twilioProvider,
} from '../support/twilio-call.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';

const [NEW_YORK, ...SAN_FRANCISCO] = SHOWN_NUMBERS;
const CALLER = '+14155550199';
const CALLEE = '+12125550188';

it.each(['ASTERISK', 'TWILIO', 'TELNYX', 'SIGNALWIRE', 'YUNTONGXUN'])('%s has a setting for each phone', (provider) => {
  const names = Object.values(PROVIDER_SETTINGS).map(({ name }) => name);

  expect(names).toEqual(expect.arrayContaining([`${provider}_SHOWN_TO_CALLER`, `${provider}_SHOWN_TO_CALLEE`]));
});

describe('at Twilio', () => {
  let server: TwilioServer;
  const provider = () =>
    twilioProvider({ apiUrl: server.url, shownToCaller: SHOWN_NUMBERS, shownToCallee: SHOWN_NUMBERS });

  beforeEach(async () => {
    server = await startTwilioServer({
      accounts: ACCOUNTS,
      callerNumbers: [CALLER_NUMBER, OTHER_CALLER_NUMBER, ...SHOWN_NUMBERS],
      speed: 0.001,
      reach: () => 'http://127.0.0.1:9',
    });
  });
  afterEach(() => server.close());

  it('each phone shows a number of its own area, the same in every call of a pair', async () => {
    const request = { ...twilioDial('13'), callerPhone: CALLER, calleePhone: CALLEE };
    const twilio = provider();

    for (const callSid of ['1', '2'].map((digit) => digit.repeat(32)))
      expect(await twilio.dial({ ...request, callSid }, noTimeout())).toMatchObject({ kind: 'accepted' });

    const [one, other] = server.forms;
    expect(SAN_FRANCISCO).toContain(one?.get('From'));
    expect(other?.get('From')).toBe(one?.get('From'));
    for (const form of [one, other]) expect(form?.get('Twiml')).toContain(`callerId="${NEW_YORK}"`);
    await twilio.close();
  });

  it.each([
    ['one of the settings', undefined],
    ['one of its own', SHOWN_NUMBERS.at(-1)],
  ])('a dial without a reply is found if it shows %s, and no call from another number', async (_, own) => {
    const twilio = provider();
    const others = twilioProvider({ apiUrl: server.url, callerNumber: OTHER_CALLER_NUMBER });
    const shownToCaller = own ?? null;
    const terms = own === undefined ? undefined : { shownToCaller: own };
    const request = { ...twilioDial('13'), callerPhone: CALLER, calleePhone: CALLEE, terms };
    const at = new Date();
    await others.dial({ ...request, terms: undefined }, noTimeout());
    const lost = {
      callSid: request.callSid,
      providerCallId: null,
      dialled: {
        callerPhone: CALLER,
        calleePhone: CALLEE,
        subAccount: TENANT.externalId,
        shownToCaller,
        at,
        othersIds: [],
      },
    };
    expect(await twilio.fetchStatus(lost)).toEqual({ kind: 'unknown' });
    server.replyNext(500, JSON.stringify({ code: 20500, message: 'Internal Server Error', status: 500 }));
    await expect(twilio.dial(request, noTimeout())).rejects.toThrow();

    const status = await twilio.fetchStatus(lost);

    const [, call] = [...server.calls.values()];
    expect(server.forms.at(-1)?.get('From')).toBe(own ?? SAN_FRANCISCO[0]);
    const providerCallId = `${TENANT.externalId}/${call!.legA.sid}`;
    expect(status).toMatchObject({ kind: 'known', events: [{ type: 'accepted', providerCallId }] });
    await Promise.all([twilio.close(), others.close()]);
  });
});

const ACCOUNT_NUMBERS = [telnyx.CALLER_NUMBER, signalWire.CALLER_NUMBER, ...SHOWN_NUMBERS];
const shownSettings = (prefix: string) => ({
  [`${prefix}_SHARES_ACCOUNT`]: 'true',
  [`${prefix}_SHOWN_TO_CALLER`]: SAN_FRANCISCO[0],
  [`${prefix}_SHOWN_TO_CALLEE`]: NEW_YORK,
  ALLOWED_COUNTRIES: 'CN',
});
const USERS = [
  { id: '5001', name: 'Caller', phone: '13800001001' },
  { id: '5002', name: 'Callee', phone: '13800002013' },
];

const placed = async (environment: Readonly<Record<string, string>>): Promise<void> => {
  const service = await startTestApp({ environment });
  await service.admin('PUT', 'users', { users: USERS });
  await service.ask('5001', 'call/5002');
  await service.close();
};

it('the settings of Telnyx are sent with a dial', async () => {
  const server = await startTelnyxServer({
    accountSid: telnyx.ACCOUNT.externalId,
    apiKey: telnyx.ACCOUNT.secret,
    applicationSid: telnyx.APPLICATION_SID,
    privateKey: telnyx.PRIVATE_KEY,
    callerNumbers: ACCOUNT_NUMBERS,
    speed: 0.001,
    reach: () => 'http://127.0.0.1:9',
  });

  await placed({ ...telnyx.telnyxSettings(server.url), ...shownSettings('TELNYX') });

  expect(server.dials).toMatchObject([
    { From: SAN_FRANCISCO[0], Texml: expect.stringContaining(`callerId="${NEW_YORK}"`) },
  ]);
  await server.close();
});

it('the settings of SignalWire are sent with a dial', async () => {
  const server = await startSignalWireServer({
    projectId: signalWire.PROJECT.externalId,
    apiToken: signalWire.PROJECT.secret,
    signingKey: signalWire.SIGNING_KEY,
    callerNumbers: ACCOUNT_NUMBERS,
    speed: 0.001,
    reach: () => 'http://127.0.0.1:9',
  });

  await placed({ ...signalWire.signalWireSettings(server.url), ...shownSettings('SIGNALWIRE') });

  expect(server.forms.map((form) => form.get('From'))).toEqual([SAN_FRANCISCO[0]]);
  expect(server.forms[0]?.get('Twiml')).toContain(`callerId="${NEW_YORK}"`);
  await server.close();
});
