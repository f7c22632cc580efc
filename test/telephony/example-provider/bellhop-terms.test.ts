/** What the conformance suite does not test, because providers differ in it: what an end brings, and what each refusal means. */
import { waitFor } from '../../support/wait-for.js';
import type { DialRequest, ProviderEvent } from '../../../src/telephony/telephony-provider.js';
import { BELLHOP_KEY, BELLHOP_SECRET, startBellhopExchange, type BellhopExchange } from './bellhop-exchange.js';
import { CATEGORIES } from './bellhop-wire.js';
import { BellhopProvider } from './bellhop.provider.js';

let exchange: BellhopExchange;
let bellhop: BellhopProvider;
beforeEach(async () => {
  exchange = await startBellhopExchange();
  exchange.target = 'http://127.0.0.1:9';
  const url = `http://127.0.0.1:${exchange.port}`;
  bellhop = new BellhopProvider({ url, secret: BELLHOP_SECRET, key: BELLHOP_KEY, usual: {} });
});
afterEach(async () => {
  await bellhop.close();
  await exchange.close();
});

const CALL = { callSid: '1'.repeat(32), providerCallId: null };
const dial = (terms?: DialRequest['terms'], script = '13') =>
  bellhop.dial(
    {
      callSid: CALL.callSid,
      callerPhone: '+8613900001001',
      calleePhone: `+86138000020${script}`,
      subAccount: bellhop.defaultAccount,
      terms,
    },
    new AbortController().signal,
  );
const endOf = () =>
  waitFor('the end', async (): Promise<ProviderEvent | undefined> => {
    const status = await bellhop.fetchStatus(CALL);
    return status.kind === 'known' ? status.events.find(({ type }) => type === 'ended') : undefined;
  });

it('Bellhop itself ends the talk at its limit, and the end has the recording and the cause', async () => {
  await dial({ longestTalkSeconds: 2, record: true });

  expect(await endOf()).toMatchObject({
    endReason: 'completed',
    recording: expect.stringMatching(/^https:\/\/tapes\.bellhop\.example\//),
    causes: { B: { why: 'completed' } },
  });
});

it.each(Object.entries(CATEGORIES))('a dial that is refused as %s is %s', async (error, category) => {
  exchange.refuseNext(429, error, { 'retry-after': '2' });

  const outcome = await dial();

  expect(outcome).toEqual({ kind: 'refused', category, code: error, text: `it is ${error}`, retryAfterMs: 2_000 });
});

it('a dial that is refused for an unknown reason is forbidden, and one that is not refused is unknown', async () => {
  exchange.refuseNext(403, 'full_moon');
  expect(await dial()).toMatchObject({ kind: 'refused', category: 'forbidden', code: 'full_moon' });

  exchange.refuseNext(502, 'bad_gateway');
  await expect(dial()).rejects.toThrow();
});
