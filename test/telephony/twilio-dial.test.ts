/** Twilio's responses to a dial, and the outcome that each one yields. */
import { readFile } from 'node:fs/promises';
import { ERROR_CODES } from '../../src/telephony/twilio/error-codes.js';
import type { TwilioProvider } from '../../src/telephony/twilio/twilio.provider.js';
import { ACCOUNTS, CALLER_NUMBER, MAIN, TENANT, twilioDial, twilioProvider } from '../support/twilio-call.js';
import { startTwilioServer, type TwilioServer } from '../support/twilio-server.js';

const soon = (): AbortSignal => AbortSignal.timeout(10_000);
const CALL = { callSid: '1', providerCallId: `${TENANT.externalId}/CA${'c'.repeat(32)}` };

describe('a dial to Twilio', () => {
  let server: TwilioServer;
  let provider: TwilioProvider;

  beforeEach(async () => {
    server = await startTwilioServer({
      accounts: ACCOUNTS,
      callerNumbers: [CALLER_NUMBER],
      speed: 1,
      reach: () => 'http://127.0.0.1:9',
    });
    provider = twilioProvider({ apiUrl: server.url });
  });
  afterEach(async () => {
    await provider.close();
    await server.close();
  });

  const dial = (script = '00', subAccount = TENANT) => provider.dial(twilioDial(script, subAccount), soon());
  const refusedWith = (status: number, code: number) => {
    const message = `what Twilio says of ${code}`;
    server.answerNext(status, JSON.stringify({ code, message, more_info: 'https://www.twilio.com/docs', status }));
    return dial();
  };

  it('is accepted with the account and the sid of leg A', async () => {
    const outcome = await dial();

    const [sid] = server.calls.keys();
    expect(outcome).toEqual({ kind: 'accepted', providerCallId: `${TENANT.externalId}/${sid ?? ''}` });
    expect(server.requests).toEqual([`POST /2010-04-01/Accounts/${TENANT.externalId}/Calls.json`]);
  });

  it.each(Object.entries(ERROR_CODES).map(([code, row]) => [Number(code), row.meaning, row.category] as const))(
    'refused with %i, %s, is %s',
    async (code, _, category) => {
      expect(await refusedWith(400, code)).toEqual({
        kind: 'refused',
        category,
        code: String(code),
        text: `what Twilio says of ${code}`,
      });
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each([
    [400, 'forbidden'],
    [401, 'bad_account'],
    [403, 'forbidden'],
    [404, 'bad_account'],
    [429, 'rate_limited'],
  ] as const)('refused with HTTP %i and an unknown code is %s, and keeps the code', async (status, category) => {
    expect(await refusedWith(status, 99999)).toEqual({
      kind: 'refused',
      category,
      code: '99999',
      text: 'what Twilio says of 99999',
    });
  });

  it('refused with the newer error format is read in the same way', async () => {
    server.answerNext(400, JSON.stringify({ type: 'about:blank', title: 'Invalid number', status: 400, code: 21211 }));

    expect(await dial()).toMatchObject({ kind: 'refused', category: 'bad_number', code: '21211' });
  });

  it('refused with 429 and an unreadable body is sent once', async () => {
    server.answerNext(429, '<html>');

    expect(await dial()).toMatchObject({ kind: 'refused', category: 'rate_limited', code: '429' });

    expect(server.requests).toHaveLength(1);
  });

  it.each([
    ['7', 7_000],
    [new Date(Date.now() - 60_000).toUTCString(), undefined],
    ['soon', undefined],
  ])('refused with 429 has the retry time of Retry-After: %s', async (header, retryAfterMs) => {
    const body = { code: 20429, message: 'Too Many Requests', more_info: 'https://www.twilio.com/docs', status: 429 };
    server.answerNext(429, JSON.stringify(body), { 'retry-after': header });

    const outcome = await dial();

    expect(outcome).toMatchObject({ kind: 'refused', category: 'rate_limited', code: '20429' });
    expect((outcome as { retryAfterMs?: number }).retryAfterMs).toBe(retryAfterMs);
  });

  it('of script 06 is refused as bad_number, of script 07 as bad_account', async () => {
    expect(await dial('06')).toMatchObject({ kind: 'refused', category: 'bad_number', code: '21211' });
    expect(await dial('07')).toMatchObject({ kind: 'refused', category: 'bad_account', code: '20003' });
    expect(server.calls.size).toBe(0);
  });

  it('of script 09 has an unknown outcome', async () => {
    await expect(dial('09')).rejects.toThrow('500');
    expect(server.requests).toHaveLength(1);
  });

  it('under a sub-account that does not exist, or with a wrong token, is refused as bad_account', async () => {
    const wrongAccounts = [
      { ...TENANT, secret: 'wrong' },
      { ...TENANT, externalId: `AC${'b'.repeat(32)}` },
    ];

    for (const wrongAccount of wrongAccounts)
      expect(await dial('00', wrongAccount)).toMatchObject({ category: 'bad_account' });
  });

  it.each([
    { ...TENANT, externalId: 'sub-1' },
    { ...TENANT, externalId: `SK${'b'.repeat(32)}` },
    { ...TENANT, secret: '' },
  ])('under the invalid sub-account $externalId is refused before anything is sent', async (subAccount) => {
    expect(await dial('00', subAccount)).toMatchObject({ kind: 'refused', category: 'bad_account' });
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['of a caller with a short number', { callerPhone: '95588' }],
    ['to a short number', { calleePhone: '95588' }],
    ['to short numbers alone', { hunt: ['95588', '10086'].map((phone) => ({ phone, ringSeconds: 9 })) }],
  ])('%s is refused before anything is sent, because Twilio dials E.164', async (_, changes) => {
    const refusal = { kind: 'refused', category: 'not_permitted', code: 'TWILIO-SHORT-NUMBER' };

    expect(await provider.dial({ ...twilioDial('00'), ...changes }, soon())).toMatchObject(refusal);

    expect(server.requests).toEqual([]);
  });

  it('to a short number and another one is sent, for the other one', async () => {
    const hunt = ['95588', '+8613800002000'].map((phone) => ({ phone, ringSeconds: 9 }));

    expect(await provider.dial({ ...twilioDial('00'), calleePhone: '95588', hunt }, soon())).toMatchObject({
      kind: 'accepted',
    });
  });

  it('from a number that the account does not have is refused as forbidden', async () => {
    const other = twilioProvider({ apiUrl: server.url, callerNumber: '+15005550007' });

    expect(await other.dial(twilioDial('00'), soon())).toMatchObject({ category: 'forbidden', code: '21210' });

    await other.close();
  });

  it('whose signal is already aborted is not sent', async () => {
    await expect(provider.dial(twilioDial('00'), AbortSignal.abort())).rejects.toThrow();
    expect(server.requests).toEqual([]);
  });

  it('that times out before Twilio replies has an unknown outcome', async () => {
    await expect(provider.dial(twilioDial('08'), AbortSignal.timeout(1_000))).rejects.toThrow();

    expect(server.calls.size).toBe(1);
  });

  it('goes to the configured API host and ignores Twilio’s and proxy environment variables', async () => {
    const environment = { TWILIO_REGION: 'au1', TWILIO_EDGE: 'sydney', HTTP_PROXY: 'http://127.0.0.1:9' };
    const replaced = jest.replaceProperty(process, 'env', environment);

    const outcome = await dial();

    replaced.restore();
    expect(outcome).toMatchObject({ kind: 'accepted' });
  });

  it('is possible when checkReachable succeeds, which fails with a wrong token', async () => {
    const wrongAccount = twilioProvider({ apiUrl: server.url, authToken: 'wrong' });

    await expect(provider.checkReachable()).resolves.toBeUndefined();
    await expect(wrongAccount.checkReachable()).rejects.toMatchObject({ code: 20003 });

    await wrongAccount.close();
  });
});

it('errors contain no credentials', async () => {
  const provider = twilioProvider({ apiUrl: 'http://127.0.0.1:9' });

  const outcome = await provider.dial(twilioDial('00'), soon());
  const error = await provider.hangUp(CALL).catch((thrown: unknown) => thrown);

  const said = JSON.stringify(outcome) + String(error) + String((error as Error).cause);
  expect(said).not.toContain(TENANT.secret);
  expect(said).not.toContain(MAIN.secret);
  await provider.close();
});

it('the documentation lists every error code, category and meaning of the table', async () => {
  const text = await readFile('docs/providers/twilio.md', 'utf8');

  const documented = [...text.matchAll(/^\| (\d+) \| (\w+) \| (.+) \|$/gm)].map(([, ...cells]) => cells);

  expect(documented).toEqual(
    Object.entries(ERROR_CODES).map(([code, { category, meaning }]) => [code, category, meaning]),
  );
});
