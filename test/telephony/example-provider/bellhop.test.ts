/** The conformance suite on a provider that it was not written for. */
import { createHmac } from 'node:crypto';
import { createLogger } from '../../../src/common/logger.js';
import { ResilientProvider } from '../../../src/telephony/resilient-provider.js';
import { ProviderRegistry } from '../../../src/telephony/provider-registry.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { startTestApp } from '../../support/test-app.js';
import {
  ALL_TERMS,
  closing,
  OWN_REASONS,
  retryAfterOf,
  SCRIPTS,
  SETTINGS,
  type Bench,
  type FarSide,
  type Forger,
} from '../conformance/bench.js';
import { conforms } from '../conformance/conforms.js';
import { CATEGORIES } from './bellhop-wire.js';
import { BELLHOP_KEY, BELLHOP_SECRET, startBellhopExchange } from './bellhop-exchange.js';
import { BellhopProvider } from './bellhop.provider.js';

/** Six of Bellhop's seconds. */
const TALK_MS = 300;
/** Last digits of a number that Bellhop refuses to dial. */
const NO_SUCH_NUMBER = '99';

const forger: Forger = {
  forgeriesOf: (genuine) => [
    { ...genuine, body: Buffer.from(genuine.body.toString().replace('completed', 'busy')) },
    { ...genuine, headers: { ...genuine.headers, 'bellhop-signature': 'f'.repeat(64) } },
  ],
  malformedLike(genuine) {
    const signature = createHmac('sha256', BELLHOP_SECRET).update('{}').digest('hex');
    return { ...genuine, body: Buffer.from('{}'), headers: { ...genuine.headers, 'bellhop-signature': signature } };
  },
};

const start = async (): Promise<Bench> => {
  const exchange = await startBellhopExchange();
  const line = await startTcpProxy(exchange.port);
  const service = await startTestApp({ environment: SETTINGS });
  const { ringCallerSeconds, ringCalleeSeconds, longestTalkSeconds, talkWarningSeconds, recordCalls } = service.config;
  // Your provider is created in telephony.module.ts, if its settings turn it on.
  const bellhop = new BellhopProvider({
    url: `http://127.0.0.1:${line.port}`,
    secret: BELLHOP_SECRET,
    key: BELLHOP_KEY,
    usual: { ringCallerSeconds, ringCalleeSeconds, longestTalkSeconds, record: recordCalls },
    talkWarningSeconds,
  });
  const provider = new ResilientProvider(bellhop, createLogger('silent'));
  const configured = [{ provider, settings: {} }];
  const choice = service.app.nest.get(ProviderRegistry);
  Object.assign(choice, new ProviderRegistry(configured, [{ to: '', providers: ['bellhop'] }], 'CN'));
  exchange.target = `${service.url}/v1/webhooks/bellhop`;
  const farSide: FarSide = {
    dialsOf: async (callSid) => exchange.dials.filter((reference) => reference === callSid).length,
    async phaseOf(callSid) {
      const facts = exchange.factsOf(callSid);
      if (!exchange.isOpen(callSid)) return 'over';
      if (facts.includes('callee picked up')) return 'talking';
      return facts.includes('callee rings') ? 'ringing' : 'dialling';
    },
    async termsOf(callSid) {
      const { ring, limit, tone, record, shows } = exchange.orders.find(({ reference }) => reference === callSid)!;
      return {
        ...(ring?.from !== undefined && { ringCallerSeconds: ring.from }),
        ...(ring?.to !== undefined && { ringCalleeSeconds: ring.to }),
        ...(limit !== undefined && { longestTalkSeconds: limit }),
        ...(record !== undefined && { record }),
        ...(shows?.from !== undefined && { shownToCaller: shows.from }),
        ...(shows?.to !== undefined && { shownToCallee: shows.to }),
        talkWarningSeconds: tone,
      };
    },
  };
  return {
    service,
    line,
    farSide,
    parties: async (how) => ({
      callerPhone: '+8613900001001',
      calleePhone: `+86138000020${how === 'an invalid number' ? NO_SUCH_NUMBER : SCRIPTS[how]}`,
      subAccount: { externalId: 'somebody', secret: how === 'an invalid account' ? 'no key' : BELLHOP_KEY },
    }),
    refuseNext(reason, retryAfterSeconds) {
      const error = Object.keys(CATEGORIES).find((one) => CATEGORIES[one] === reason)!;
      exchange.refuseNext(reason === 'rate_limited' ? 429 : 403, error, retryAfterOf(retryAfterSeconds));
    },
    refusals: Object.values(CATEGORIES),
    talkMs: TALK_MS,
    unknownCall: { callSid: '9'.repeat(32), providerCallId: 'nobody' },
    forger,
    close: closing(service, bellhop, line, exchange),
  };
};

describe('Bellhop', () => {
  conforms(
    {
      reports: ['accepted', 'caller_answered', 'ringing', 'answered', 'ended'],
      statusReports: ['accepted', 'caller_answered', 'ringing', 'answered', 'ended'],
      endReasons: { 'is busy': 'busy', declines: 'rejected', 'cannot be reached': 'unreachable' },
      findsCallsBy: 'our callSid',
      hangsUpOnCondition: false,
      explainsRefusals: true,
      checksSubAccounts: true,
      makesSubAccounts: false,
      refusesAs: OWN_REASONS,
      readsRetryAfter: true,
      dialsExtensions: false,
      hunts: false,
      confirmsCaller: false,
      whispers: false,
      applies: ALL_TERMS,
      reportsBy: 'webhooks',
    },
    start,
  );
});
