/** Our Yuntongxun test server, for an app with 应用鉴权. Yuntongxun signs nothing: the path is the proof of origin. */
import { REFUSAL_CATEGORIES } from '../../../src/telephony/telephony-provider.js';
import { STATUS_CODES } from '../../../src/telephony/yuntongxun/status-codes.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import { startTestApp } from '../../support/test-app.js';
import { WEBHOOK_TARGET, WEBHOOK_TOKEN } from '../../support/yuntongxun-provider.js';
import { startYuntongxunServer } from '../../support/yuntongxun-server.js';
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
  type OwnReason,
} from './bench.js';
import { conforms } from './conforms.js';

/** Leg B is dialled as soon as leg A has answered. */
const PHASES = { dialling: 'dialling', 'caller answered': 'ringing', talking: 'talking', over: 'over' } as const;

const internationalOf = (national = ''): string => national.replace(/^0/, '+86');

const forger: Forger = {
  forgeriesOf: (genuine) => [
    { ...genuine, target: WEBHOOK_TARGET.slice(0, -1) },
    { ...genuine, target: `${WEBHOOK_TARGET}0` },
    { ...genuine, target: WEBHOOK_TARGET.toUpperCase().replace('/V1/WEBHOOKS/YUNTONGXUN', '/v1/webhooks/yuntongxun') },
    { ...genuine, target: `${WEBHOOK_TARGET.slice(0, -1)}/Hangup` },
    { ...genuine, target: `${WEBHOOK_TARGET}/Hangup/x` },
  ],
  malformedLike: (genuine) => ({ ...genuine, body: Buffer.from('<request><action>Hangup</action></request>') }),
};

const REFUSALS: Readonly<Record<OwnReason, string>> = {
  too_frequent: '160022',
  not_permitted: '113302',
  rate_limited: '111111',
  no_funds: '111142',
};

const SPEED = 20;

const start = async (manner: Manner): Promise<Bench> => {
  const server = await startYuntongxunServer({ speed: SPEED });
  const line = await startTcpProxy(server.port);
  const service = await startTestApp({
    environment: {
      YUNTONGXUN_URL: `http://127.0.0.1:${line.port}`,
      YUNTONGXUN_ACCOUNT_SID: server.accountSid,
      YUNTONGXUN_AUTH_TOKEN: server.authToken,
      YUNTONGXUN_APP_ID: server.appId,
      YUNTONGXUN_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      YUNTONGXUN_MAKE_SUB_ACCOUNTS: 'true',
      ...settingsFor(manner),
    },
  });
  server.calls.webhookUrl = service.url + WEBHOOK_TARGET;
  server.calls.appendsAction = true;
  const dialsOf = (callSid: string) => server.calls.dials.filter(({ fields }) => fields.userData?.startsWith(callSid));
  const farSide: FarSide = {
    dialsOf: async (callSid) => dialsOf(callSid).length,
    async phaseOf(callSid) {
      const [dial] = dialsOf(callSid);
      return dial ? PHASES[server.calls.phaseOf(dial.callSid)] : 'over';
    },
    extensionOf: async (callSid) => dialsOf(callSid)[0]?.fields.to?.split('-')[1],
    async termsOf(callSid) {
      const permitted = (field: Parameters<typeof server.calls.permitted>[1]) =>
        server.calls.permitted(dialsOf(callSid)[0]!.callSid, field);
      return {
        longestTalkSeconds: Number(permitted('sessiontime')),
        talkWarningSeconds: permitted('countDownTime') === undefined ? undefined : Number(permitted('countDownTime')),
        record: permitted('record') === '1',
        shownToCaller: internationalOf(dialsOf(callSid)[0]!.fields.fromSerNum),
        shownToCallee: internationalOf(dialsOf(callSid)[0]!.fields.customerSerNum),
      };
    },
  };
  return {
    service,
    line,
    farSide,
    parties: async (how) => ({
      callerPhone: '+8613800001001',
      calleePhone: `+86138000020${SCRIPTS[how]}`,
      subAccount: how === 'an invalid account' ? { ...server.subAccount, secret: 'f'.repeat(32) } : server.subAccount,
    }),
    switchboard: '+861056469513',
    refuseNext(reason, retryAfterSeconds) {
      server.replyInstead = (_, response) => {
        server.replyInstead = null;
        response
          .writeHead(200, retryAfterOf(retryAfterSeconds))
          .end(JSON.stringify({ statusCode: REFUSALS[reason], statusMsg: `【呼叫】${reason}` }));
      };
    },
    refusals: REFUSAL_CATEGORIES.filter((category) => STATUS_CODES.some(({ outcome }) => outcome === category)),
    talkMs: 10_000 / SPEED,
    unknownCall: { callSid: '9'.repeat(32), providerCallId: '9'.repeat(32) },
    forger,
    close: closing(service, line, server),
  };
};

describe('Yuntongxun', () => {
  conforms(
    {
      // Yuntongxun does not report ringing.
      reports: ['accepted', 'answered', 'ended'],
      // A Hangup has one time besides its end: when the last leg answered.
      reportsWithoutAnswer: ['accepted', 'caller_answered', 'ended'],
      // Its replies to status requests are not documented well enough to use them.
      statusReports: [],
      endReasons: { 'is busy': 'unreachable', declines: 'no_answer', 'cannot be reached': 'unreachable' },
      findsCallsBy: 'its own id',
      // With 应用鉴权 it asks before a phone rings.
      tellsUnplaced: true,
      hangsUpOnCondition: true,
      // Its codes for "too late" and "no such call" are not documented.
      explainsRefusals: false,
      checksSubAccounts: true,
      makesSubAccounts: true,
      dialsExtensions: true,
      refusesAs: OWN_REASONS,
      hunts: false,
      confirmsCaller: false,
      whispers: false,
      applies: ['longestTalkSeconds', 'talkWarningSeconds', 'record', 'shownToCaller', 'shownToCallee'],
      reportsBy: 'webhooks',
    },
    start,
  );
});
