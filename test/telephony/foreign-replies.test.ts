/**
 * Random replies in place of a provider's: each order ends in a declared outcome that can be stored, or in an error that its
 * caller gets. There are no unhandled rejections.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { createLogger } from '../../src/common/logger.js';
import { AsteriskProvider } from '../../src/telephony/asterisk/asterisk.provider.js';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import {
  REFUSAL_CATEGORIES,
  type DialOutcome,
  type TelephonyProvider,
} from '../../src/telephony/telephony-provider.js';
import { CALL_SID, expectStorable, expectStorableEvents, foreignJson, foreignText } from '../support/foreign-values.js';
import { noTimeout, twilioDial, TENANT, twilioProvider } from '../support/twilio-call.js';
import { providerFor } from '../support/yuntongxun-provider.js';

type Client = Pick<TelephonyProvider, 'dial' | 'hangUp' | 'fetchStatus' | 'checkReachable' | 'close'>;

let server: Server;
let url: string;
let answer: { readonly status: number; readonly body: string };
let unhandled: unknown[];
const onUnhandled = (reason: unknown) => unhandled.push(reason);

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(answer.status).end(answer.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  unhandled = [];
  process.on('unhandledRejection', onUnhandled);
});
afterAll(async () => {
  process.off('unhandledRejection', onUnhandled);
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

const sid = `CA${'c'.repeat(32)}`;
const call = { callSid: CALL_SID, providerCallId: `${TENANT.externalId}/${sid}` };
const DATE = 'Wed, 25 Nov 2026 05:15:33 +0000';

const twilioLeg = {
  sid,
  status: 'completed',
  date_created: DATE,
  date_updated: DATE,
  start_time: DATE,
  end_time: DATE,
};
const ofTwilio = foreignJson({
  ...twilioLeg,
  ...{ duration: '5', answered_by: 'human', code: 20404, message: 'not found', calls: [twilioLeg], page_size: 2 },
});
const yuntongxunFields = { statusCode: '000000', statusMsg: 'ok', callSid: 'abc123', state: '1', dateCreated: '2026' };
const xmlOf = (fields: readonly (readonly [string, string])[]): string =>
  `<Response>${fields.map(([name, value]) => `<${name}>${value}</${name}>`).join('')}</Response>`;
const ofYuntongxun = fc.oneof(
  foreignJson({ ...yuntongxunFields, CallBack: yuntongxunFields, SubAccount: yuntongxunFields }),
  fc
    .array(fc.tuple(fc.constantFrom(...Object.keys(yuntongxunFields), 'CallBack', '0', '/'), foreignText), {
      maxLength: 6,
    })
    .map((fields) => xmlOf([...Object.entries(yuntongxunFields).slice(0, fields.length % 4), ...fields])),
);
const event = {
  id: 'e1',
  type: 'call.ended',
  call: { id: 'SIM1', reference: CALL_SID },
  occurredAt: '2026-11-25T05:15:33Z',
};
const ofCarrier = foreignJson({
  ...{ callId: 'SIM1', answer: 'taken', code: 'no_such_call', category: 'no_funds', text: 'none' },
  events: [{ ...event, endReason: 'busy' }],
});
const ofAsterisk = foreignJson({ message: 'Allocation failed', id: `${CALL_SID}-a`, state: 'Up' });

const asterisk = (): Client =>
  new AsteriskProvider(
    {
      ...{ url, username: 'ringback', password: 'secret', dialRules: [{ prefix: '', dialString: 'PJSIP/{digits}' }] },
      ...{ ringCallerSeconds: 30, ringCalleeSeconds: 30, longestTalkSeconds: 60, record: false, dialTimeoutSeconds: 5 },
      ...{ shownToCaller: ['{callee}'], shownToCallee: ['{caller}'] },
    },
    createLogger('silent'),
  );

const expectDeclared = (outcome: DialOutcome | Awaited<ReturnType<Client['hangUp']>>): void => {
  expectStorable(outcome);
  expect(['accepted', 'refused', 'taken', 'gone', 'passed']).toContain(outcome.kind);
  if (outcome.kind === 'refused') expect(REFUSAL_CATEGORIES).toContain(outcome.category);
};

const ask = async (provider: Client): Promise<void> => {
  const settled = await Promise.allSettled([
    provider.dial(twilioDial('00'), noTimeout()).then(expectDeclared),
    provider.hangUp(call).then(expectDeclared),
    provider.fetchStatus(call).then((status) => {
      if (status.kind === 'known') expectStorableEvents(status.events);
      else expect(status).toEqual({ kind: 'unknown' });
    }),
    provider.checkReachable(),
  ]);
  for (const one of settled) {
    if (one.status === 'fulfilled') continue;
    expect(one.reason).toBeInstanceOf(Error);
    // These fail the test: a failed assertion, and a TypeError or RangeError in our code, which did not check its input.
    const { name, stack = '', matcherResult } = one.reason as Error & { readonly matcherResult?: unknown };
    const isOfLanguage = name === 'TypeError' || name === 'RangeError';
    // Frames of built-in functions, such as `new Date (<anonymous>)`, have no file.
    const [place = ''] = stack
      .split('\n')
      .filter((line) => line.startsWith('    at ') && !line.includes('<anonymous>'));
    if (matcherResult !== undefined || (isOfLanguage && !place.includes('node_modules'))) throw one.reason;
  }
};

it.each<[string, fc.Arbitrary<string>, () => Client]>([
  ['Twilio', ofTwilio, () => twilioProvider({ apiUrl: url })],
  ['Yuntongxun', ofYuntongxun, () => providerFor({ url, accountSid: 'a1', authToken: 'secret', appId: 'app' })],
  ['the simulator', ofCarrier, () => new HttpCarrierClient(url)],
  ['Asterisk', ofAsterisk, asterisk],
])('any reply in place of %s ends in a declared outcome or an error', async (_name, body, open) => {
  const provider = open();
  const status = fc.constantFrom(200, 200, 200, 201, 204, 400, 401, 403, 404, 404, 409, 422, 429, 500, 503);
  try {
    await fc.assert(
      fc.asyncProperty(status, body, async (one, text) => {
        answer = { status: one, body: one === 204 ? '' : text };
        await ask(provider);
      }),
      // An error with this message could not be printed.
      { numRuns: 100, examples: [[404, '{"message":{"toString":0}}']] },
    );
  } finally {
    await provider.close?.();
  }
  // Node reports unhandled rejections after the current event loop turn.
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});
