/** Our SignalWire test server. It knows only the public address, and signs for that address. */
import type { WebhookRequest } from '../../../src/telephony/telephony-provider.js';
import { SIGNALWIRE_ERROR_CODES } from '../../../src/telephony/twilio/signalwire-dialect.js';
import { CALLER_NUMBER, PROJECT, PUBLIC_URL, signalWireSettings, SIGNING_KEY } from '../../support/signalwire-call.js';
import { startSignalWireServer } from '../../support/signalwire-server.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { signatureOf } from '../../support/twilio-callbacks.js';
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

const withSignature = (request: WebhookRequest, change: (signature: string) => string): WebhookRequest => ({
  ...request,
  headers: { ...request.headers, 'x-signalwire-signature': change(request.headers['x-signalwire-signature'] ?? '') },
});

const otherThan = (character: string): string => (character === 'A' ? 'B' : 'A');

const forger: Forger = {
  forgeriesOf: (genuine) => [
    { ...genuine, body: Buffer.from(genuine.body.toString().replace('completed', 'busy')) },
    { ...genuine, target: genuine.target.replace(/(callSid=\d{31})\d/, '$1x') },
    {
      ...genuine,
      target: genuine.target.replace(/source=(\w+)/, (_, source) => `source=${source === 'B' ? 'A' : 'B'}`),
    },
    { ...genuine, target: genuine.target.replace(/seal=(.)/, (_, first: string) => `seal=${otherThan(first)}`) },
    withSignature(genuine, (signature) => otherThan(signature.charAt(0)) + signature.slice(1)),
  ],
  malformedLike(genuine) {
    const fields = { ...Object.fromEntries(new URLSearchParams(genuine.body.toString())), CallStatus: 'perplexed' };
    const signature = signatureOf(SIGNING_KEY, PUBLIC_URL + genuine.target, fields);
    return { ...withSignature(genuine, () => signature), body: Buffer.from(new URLSearchParams(fields).toString()) };
  },
};

const REFUSALS: Refusals<number> = {
  not_permitted: [400, 21219],
  rate_limited: [429, 20429],
  no_funds: [400, 4001],
};

const SPEED = 20;
const WHISPER = { SIGNALWIRE_WHISPER: 'https://documents.example.com/whisper' };

const start = async (manner: Manner): Promise<Bench> => {
  const server = await startSignalWireServer({
    projectId: PROJECT.externalId,
    apiToken: PROJECT.secret,
    signingKey: SIGNING_KEY,
    callerNumbers: [CALLER_NUMBER, SHOWN.toCaller, SHOWN.toCallee],
    speed: SPEED,
    reach: (url) => url.replace(PUBLIC_URL, service.url),
  });
  const line = await startTcpProxy(server.port);
  const service: TestApp = await startTestApp({
    environment: { ...signalWireSettings(`http://127.0.0.1:${line.port}`), ...settingsFor(manner, WHISPER) },
  });
  const isOf = (callSid: string) => (url: string | null) => url?.includes(`callSid=${callSid}&`) ?? false;
  const callOf = (callSid: string): Call | undefined =>
    [...server.calls.values()].find(({ legA }) => isOf(callSid)(legA.statusCallback));
  const farSide: FarSide = {
    dialsOf: async (callSid) => server.forms.filter((form) => isOf(callSid)(form.get('StatusCallback'))).length,
    ...viewOf(server, SPEED, callOf),
  };
  return {
    service,
    line,
    farSide,
    parties: async (how, caller = 'presses 1') => ({
      callerPhone: CALLERS[caller],
      calleePhone: `+86138000020${SCRIPTS[how]}`,
      subAccount: how === 'an invalid account' ? { ...PROJECT, secret: 'not its token' } : PROJECT,
    }),
    refuseNext: refusing(server, REFUSALS, (code, message) => ({ code, message })),
    refusals: Object.values(SIGNALWIRE_ERROR_CODES).map(({ category }) => category),
    talkMs: 10_000 / SPEED,
    unknownCall: {
      callSid: '9'.repeat(32),
      providerCallId: `${PROJECT.externalId}/99999999-9999-4999-8999-999999999999`,
    },
    forger,
    close: closing(service, line, server),
  };
};

describe('SignalWire', () => {
  conforms(
    {
      ...TWILIO_KIND,
      // Its records contain when a leg was answered, but not when its phone began to ring.
      statusReports: ['accepted', 'caller_answered', 'answered', 'ended'],
      findsCallsBy: 'what was dialled',
      hangsUpOnCondition: true,
    },
    start,
  );
});
