/** Our strict Telnyx test server. It knows only the public address. */
import type { WebhookRequest } from '../../../src/telephony/telephony-provider.js';
import { TELNYX_ERROR_CODES } from '../../../src/telephony/twilio/telnyx-dialect.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import {
  ACCOUNT,
  APPLICATION_SID,
  CALLER_NUMBER,
  PRIVATE_KEY,
  PUBLIC_URL,
  telnyxSettings,
} from '../../support/telnyx-call.js';
import { signatureOf } from '../../support/telnyx-callbacks.js';
import { startTelnyxServer, telnyxId } from '../../support/telnyx-server.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import type { Call } from '../../support/twilio-calls.js';
import {
  CALLERS,
  closing,
  SCRIPTS,
  SHOWN,
  settingsFor,
  type Bench,
  type FarSide,
  type Forger,
  type Manner,
} from './bench.js';
import { conforms } from './conforms.js';
import { refusing, TWILIO_KIND, viewOf, type Refusals } from './twilio-kind.js';

const otherThan = (character: string): string => (character === 'A' ? 'B' : 'A');

const withHeader = (request: WebhookRequest, name: string, change: (value: string) => string): WebhookRequest => ({
  ...request,
  headers: { ...request.headers, [name]: change(request.headers[name] ?? '') },
});

const forger: Forger = {
  forgeriesOf: (genuine) => [
    { ...genuine, body: Buffer.from(genuine.body.toString().replace('completed', 'busy')) },
    { ...genuine, target: genuine.target.replace(/(callSid=\d{31})\d/, '$1x') },
    {
      ...genuine,
      target: genuine.target.replace(/source=(\w+)/, (_, source) => `source=${source === 'B' ? 'A' : 'B'}`),
    },
    { ...genuine, target: genuine.target.replace(/seal=(.)/, (_, first: string) => `seal=${otherThan(first)}`) },
    withHeader(genuine, 'telnyx-signature-ed25519', (signature) => otherThan(signature.charAt(0)) + signature.slice(1)),
    withHeader(genuine, 'telnyx-timestamp', (timestamp) => String(Number(timestamp) + 1)),
  ],
  malformedLike(genuine) {
    const fields = { ...Object.fromEntries(new URLSearchParams(genuine.body.toString())), CallStatus: 'perplexed' };
    const body = new URLSearchParams({ ...fields, DialCallStatus: 'perplexed' }).toString();
    const timestamp = genuine.headers['telnyx-timestamp'] ?? '';
    const signed = withHeader(genuine, 'telnyx-signature-ed25519', () => signatureOf(PRIVATE_KEY, timestamp, body));
    return { ...signed, body: Buffer.from(body) };
  },
};

const REFUSALS: Refusals<string> = {
  not_permitted: [403, '10010'],
  rate_limited: [429, '10011'],
  no_funds: [403, '20100'],
};

const SPEED = 20;
const WHISPER = { TELNYX_WHISPER: 'https://documents.example.com/whisper' };

const start = async (manner: Manner): Promise<Bench> => {
  const server = await startTelnyxServer({
    accountSid: ACCOUNT.externalId,
    apiKey: ACCOUNT.secret,
    applicationSid: APPLICATION_SID,
    privateKey: PRIVATE_KEY,
    callerNumbers: [CALLER_NUMBER, SHOWN.toCaller, SHOWN.toCallee],
    speed: SPEED,
    reach: (url) => url.replace(PUBLIC_URL, service.url),
  });
  const line = await startTcpProxy(server.port);
  const service: TestApp = await startTestApp({
    environment: { ...telnyxSettings(`http://127.0.0.1:${line.port}`), ...settingsFor(manner, WHISPER) },
  });
  const isOf = (callSid: string) => (url: unknown) => typeof url === 'string' && url.includes(`callSid=${callSid}&`);
  const callOf = (callSid: string): Call | undefined =>
    [...server.calls.values()].find(({ legA }) => isOf(callSid)(legA.statusCallback));
  const farSide: FarSide = {
    dialsOf: async (callSid) => server.dials.filter(({ StatusCallback: url }) => isOf(callSid)(url)).length,
    ...viewOf(server, SPEED, callOf),
  };
  return {
    service,
    line,
    farSide,
    parties: async (how, caller = 'presses 1') => ({
      callerPhone: CALLERS[caller],
      calleePhone: `+86138000020${SCRIPTS[how]}`,
      subAccount: how === 'an invalid account' ? { ...ACCOUNT, secret: 'not a key of it' } : ACCOUNT,
    }),
    refuseNext: refusing(server, REFUSALS, (code, title) => ({ errors: [{ code, title }] })),
    refusals: Object.values(TELNYX_ERROR_CODES).map(({ category }) => category),
    talkMs: 10_000 / SPEED,
    unknownCall: {
      callSid: '9'.repeat(32),
      providerCallId: `${ACCOUNT.externalId}/${telnyxId(`CA${'9'.repeat(32)}`)}`,
    },
    forger,
    close: closing(service, line, server),
  };
};

describe('Telnyx', () => {
  conforms(
    {
      ...TWILIO_KIND,
      // Its records do not tell which call has dialled a leg B.
      statusReports: ['accepted', 'caller_answered', 'ended'],
      statusLacksLegB: true,
      findsCallsBy: 'its own id',
      tellsUnplaced: true,
      hangsUpOnCondition: false,
    },
    start,
  );
});
