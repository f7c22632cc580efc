/** The simulator, as the separate process that `npm run simulator` starts. */
import { Webhook } from 'standardwebhooks';
import { REFUSAL_CATEGORIES, type WebhookRequest } from '../../../src/telephony/telephony-provider.js';
import { startRemoteCarrier } from '../../support/remote-carrier.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { startTestApp } from '../../support/test-app.js';
import {
  closing,
  OWN_REASONS,
  retryAfterOf,
  SCRIPTS,
  settingsFor,
  type Bench,
  type FarSide,
  type Forger,
  type Manner,
} from './bench.js';
import { conforms } from './conforms.js';

/** A phone that rings on does so for 30 s: three of them for a test that hangs up meanwhile, on a slow machine too. */
const SPEED = 10;

/** The simulator recognises a wrong account by the callee's number too. */
const NO_ACCOUNT = '07';

const PHASES = {
  accepted: 'dialling',
  caller_answered: 'dialling',
  ringing: 'ringing',
  leg_ended: 'dialling',
  answered: 'talking',
  ended: 'over',
} as const;

const forgerWith = (secret: string): Forger => ({
  forgeriesOf: (genuine) => [
    { ...genuine, body: Buffer.from(genuine.body.toString().replace('completed', 'busy')) },
    altered(genuine, 'webhook-id', (id) => `${id}0`),
    altered(genuine, 'webhook-timestamp', (time) => String(Number(time) - 1)),
    altered(genuine, 'webhook-signature', (signature) => signature.toLowerCase()),
  ],
  malformedLike(genuine) {
    const { 'webhook-id': id = '', 'webhook-timestamp': time = '' } = genuine.headers;
    const signature = new Webhook(secret).sign(id, new Date(Number(time) * 1000), '{}');
    return { ...altered(genuine, 'webhook-signature', () => signature), body: Buffer.from('{}') };
  },
});

const altered = (genuine: WebhookRequest, name: string, change: (value: string) => string): WebhookRequest => ({
  ...genuine,
  headers: { ...genuine.headers, [name]: change(genuine.headers[name] ?? '') },
});

const start = async (manner: Manner): Promise<Bench> => {
  const carrier = await startRemoteCarrier({ speed: SPEED });
  const line = await startTcpProxy(carrier.port);
  const service = await startTestApp({
    environment: {
      SIMULATOR_URL: `http://127.0.0.1:${line.port}`,
      SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
      ...settingsFor(manner),
    },
  });
  carrier.targets.push(`${service.url}/v1/webhooks/simulator`);
  const farSide: FarSide = {
    dialsOf: async (callSid) => (await carrier.entryOf(callSid))?.dials ?? 0,
    async phaseOf(callSid) {
      const entry = await carrier.entryOf(callSid);
      if (!entry?.callId) return 'over';
      return PHASES[entry.events.at(-1)?.type ?? 'caller_answered'];
    },
    // It takes none.
    termsOf: async () => ({}),
    extensionOf: async (callSid) => (await carrier.entryOf(callSid))?.calleeExtension,
  };
  return {
    service,
    line,
    farSide,
    parties: async (how) => ({
      callerPhone: '+8613900001001',
      calleePhone: `+86138000020${how === 'an invalid account' ? NO_ACCOUNT : SCRIPTS[how]}`,
      subAccount: { externalId: 'demo', secret: 'demo' },
    }),
    refuseNext(reason, retryAfterSeconds) {
      carrier.refuseNext(
        { category: reason, code: 'SIM-TEST', text: `refused as ${reason}` },
        retryAfterOf(retryAfterSeconds),
      );
    },
    // Its refusals name their category.
    refusals: REFUSAL_CATEGORIES,
    talkMs: 10_000 / SPEED,
    unknownCall: { callSid: '9'.repeat(32), providerCallId: null },
    forger: forgerWith(carrier.secret),
    close: closing(service, line, carrier),
  };
};

describe('the simulator', () => {
  conforms(
    {
      reports: ['caller_answered', 'ringing', 'answered', 'ended'],
      statusReports: ['caller_answered', 'ringing', 'answered', 'ended'],
      endReasons: { 'is busy': 'busy', declines: 'rejected', 'cannot be reached': 'unreachable' },
      findsCallsBy: 'our callSid',
      hangsUpOnCondition: true,
      explainsRefusals: true,
      checksSubAccounts: true,
      makesSubAccounts: false,
      refusesAs: OWN_REASONS,
      dialsExtensions: true,
      hunts: true,
      confirmsCaller: false,
      whispers: false,
      applies: [],
      reportsBy: 'webhooks',
    },
    start,
  );
});
