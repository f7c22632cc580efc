/** A real Asterisk with our dialplan, and real SIP phones. */
import { join } from 'node:path';
import { CAUSE_REFUSALS, SIP_REFUSALS } from '../../../src/telephony/asterisk/refusals.js';
import { describeOnAsterisk, fetchAsterisk, startAsterisk } from '../../asterisk/asterisk.js';
import { NUMBER_OF_NOBODY, numberOf, startPbxService } from '../../asterisk/pbx-service.js';
import { startPhone, type Phone } from '../../asterisk/phone.js';
import { writeTone } from '../../asterisk/sound.js';
import { startTcpProxy } from '../../support/tcp-proxy.js';
import {
  ALL_TERMS,
  SETTINGS,
  type Bench,
  type Caller,
  type FarSide,
  type Manner,
  type Mistake,
  type Scenario,
} from './bench.js';
import { conforms } from './conforms.js';

const missing = await fetchAsterisk();

type Habits = Parameters<typeof startPhone>[1];

/** How leg A's phone behaves in the prompt. */
const CALLER_HABITS: Readonly<Record<Caller, Habits>> = {
  'presses 1': { presses: '1' },
  'presses another key': { presses: '5' },
  'presses nothing': {},
  'hangs up in the prompt': { talkMs: 300 },
};
const TALK_MS = 300;

/** How leg B's phone behaves. */
const HABITS: Readonly<Partial<Record<Scenario | Mistake, Habits>>> = {
  'answers and hangs up': { talkMs: TALK_MS },
  'answers and talks on': { keepsTones: true },
  'rings on': { ringMs: 60_000 },
  'is busy': { refusal: '486 Busy Here' },
  declines: { refusal: '603 Decline' },
  'hangs up in the whisper': { talkMs: 300 },
};
/** Numbers without a phone. */
const NUMBERS: Readonly<Partial<Record<Scenario | Mistake, string>>> = {
  'cannot be reached': NUMBER_OF_NOBODY,
  'an invalid number': '+8613700000001',
};

interface Channel {
  readonly id: string;
  readonly state: string;
  readonly accountcode: string;
}

/** The prompt itself takes a second or two. */
const settingsFor = (manner: Manner, whisper: string): Readonly<Record<string, string>> => ({
  ...(manner === 'asking the caller' && { CONFIRM_CALLER: '2' }),
  ...(manner === 'whispering' && { ASTERISK_WHISPER: whisper }),
});

/** Of the running test: a phone that waits takes its share of the processor, and there would be a hundred at the end. */
const callers: Phone[] = [];
const callees: Phone[] = [];
const endPhones = async (): Promise<void> => {
  await Promise.all([...callers.splice(0), ...callees.splice(0)].map((one) => one.end()));
};

const start = async (manner: Manner): Promise<Bench> => {
  const asterisk = await startAsterisk();
  // The phones press keys as SIP INFO.
  if (manner === 'asking the caller') await asterisk.command('module load res_pjsip_dtmf_info.so');
  const whisper = join(asterisk.folder, 'whisper');
  let ordered = '';
  const line = await startTcpProxy(
    Number(new URL(asterisk.url).port),
    (chunk) => (ordered += chunk.toString('latin1')),
  );
  const service = await startPbxService(asterisk, {
    ASTERISK_URL: `http://127.0.0.1:${line.port}`,
    RING_CALLER: '20',
    RING_CALLEE: '20',
    ...SETTINGS,
    ...settingsFor(manner, whisper),
  });
  /** Leg A is in no bridge, or alone in it, until the whisper is over. */
  const areJoined = async (callSid: string): Promise<boolean> => {
    const channels = (await asterisk.command('core show channels concise')).split('\n');
    const bridges = channels.filter((line) => line.includes(callSid)).map((line) => line.split('!').at(-2) ?? '');
    return bridges.length > 1 && bridges.every((bridge) => bridge !== '');
  };
  const phone = async (among: Phone[], habits: Habits = {}): Promise<string> => {
    const one = await startPhone(asterisk.folder, habits);
    among.push(one);
    return numberOf(one);
  };
  let trunk: Habits;
  const trunkHabits = (): Habits => {
    const habits = trunk;
    trunk = undefined;
    return habits;
  };
  const shownBy = async (phones: readonly Phone[], callSid: string): Promise<string> => {
    const received = await Promise.all(phones.map((one) => one.messages()));
    const messages = received.find((some) => some.includes(`X-Ringback-Call: ${callSid}`)) ?? '';
    return /^From: .*<sip:(.*)@/m.exec(messages)?.[1] ?? '';
  };
  const farSide: FarSide = {
    /** Counts the invitations that callers' phones received. An INVITE that is sent again over UDP has the same Call-ID. */
    async dialsOf(callSid) {
      const received = (await Promise.all(callers.map((one) => one.messages()))).join('\n');
      const invitations = received
        .split('UDP message ')
        .filter((message) => /\nINVITE /.test(message) && message.includes(`X-Ringback-Call: ${callSid}`));
      return new Set(invitations.map((message) => /Call-ID: *(\S+)/i.exec(message)?.[1])).size;
    },
    async phaseOf(callSid) {
      const channels = ((await asterisk.channels()) as Channel[]).filter(({ accountcode }) => accountcode === callSid);
      if (channels.length === 0) return 'over';
      const legB = channels.find(({ id }) => id !== `${callSid}-a`);
      if (legB?.state === 'Up')
        return manner === 'whispering' && !(await areJoined(callSid)) ? 'whispering' : 'talking';
      return legB?.state === 'Ringing' ? 'ringing' : 'dialling';
    },
    async termsOf(callSid) {
      const variable = (name: string): Promise<string> => asterisk.variable(`${callSid}-a`, name);
      const [talkMs, warningMs] = (await variable('RINGBACK_TALK')).split(':').map(Number);
      return {
        // Asterisk shows it nowhere.
        ringCallerSeconds: Number(new RegExp(`/${callSid}-a\\?\\S*timeout=(\\d+)`).exec(ordered)?.[1]),
        ringCalleeSeconds: Number(await variable('RINGBACK_RING')),
        longestTalkSeconds: talkMs! / 1_000,
        talkWarningSeconds: warningMs === undefined ? undefined : warningMs / 1_000,
        record: (await variable('RINGBACK_RECORD')) !== '',
        shownToCaller: await shownBy(callers, callSid),
        shownToCallee: await shownBy(callees, callSid),
      };
    },
    // The other phones have received none.
    extensionOf: async () => callees.map((one) => one.tones()).find((tones) => tones !== ''),
    async hasRungCallee(callSid) {
      const received = await Promise.all(callees.map((one) => one.messages()));
      return received.some((messages) => messages.includes(`X-Ringback-Call: ${callSid}`));
    },
    whisperFor: (seconds) => writeTone(`${whisper}.ulaw`, seconds),
  };
  return {
    service,
    line,
    farSide,
    parties: async (how, caller = 'presses nothing') => ({
      // Asterisk itself knows no wrong number but that of a device that has not registered.
      callerPhone:
        how === 'an invalid number' ? NUMBER_OF_NOBODY : await phone(callers, trunkHabits() ?? CALLER_HABITS[caller]),
      calleePhone: NUMBERS[how] ?? (await phone(callees, HABITS[how])),
      subAccount: { externalId: 'extension', secret: 'none needed' },
    }),
    // A trunk that wants money. SIP has no other reason.
    refuseNext: () => (trunk = { early: '100 Trying', refusal: '402 Payment Required' }),
    refusals: [...SIP_REFUSALS, ...CAUSE_REFUSALS].map(({ category }) => category),
    talkMs: TALK_MS,
    unknownCall: { callSid: '9'.repeat(32), providerCallId: null },
    async close() {
      await service.close();
      await line.close();
      await endPhones();
      await asterisk.remove();
    },
  };
};

describeOnAsterisk(missing, 'a real Asterisk', () => {
  afterEach(endPhones);

  conforms(
    {
      reports: ['caller_answered', 'ringing', 'answered', 'ended'],
      statusReports: ['caller_answered', 'ringing', 'answered', 'ended'],
      endReasons: { 'is busy': 'busy', declines: 'rejected', 'cannot be reached': 'unreachable' },
      findsCallsBy: 'our callSid',
      hangsUpOnCondition: true,
      explainsRefusals: true,
      checksSubAccounts: false,
      makesSubAccounts: false,
      // SIP has no status for a policy: 403 and 603 are about the number.
      refusesAs: ['no_funds'],
      dialsExtensions: true,
      hunts: true,
      confirmsCaller: true,
      whispers: true,
      applies: ALL_TERMS,
      reportsBy: 'a stream',
    },
    start,
  );
});
