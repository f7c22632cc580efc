/** Every way that a call can go, on a real Asterisk with real SIP phones: the record, the phones and the detail records agree. */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { newPeople, NUMBER_OF_NOBODY, numberOf, reached, shownCall, startPbxService, statesOf } from './pbx-service.js';
import { startPhone, type Phone } from './phone.js';
import { soundBothWays } from './sound.js';
import { newCallSid } from '../../src/call/call-sid.js';
import { ProviderChoice } from '../../src/telephony/provider-choice.js';
import { storeCall } from '../support/stored-call.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

type Habits = Parameters<typeof startPhone>[1];

interface Scenario {
  readonly name: string;
  readonly a?: Habits | 'nobody' | 'dead';
  readonly b?: Habits | 'nobody' | 'dead';
  /** The event of ours that a cancel follows. */
  readonly cancelAfter?: '1' | '2' | '3';
  readonly endReason: string;
  readonly story: string;
  /** What the phones saw last, or first: each must have seen it. */
  readonly aSaw?: readonly string[];
  readonly bSaw?: readonly string[];
}

const SHORT = 300;
const WHOLE = 'caller_answered ringing answered ended';
const RANG = 'caller_answered ringing ended';

const SCENARIOS: readonly Scenario[] = [
  {
    name: 'answered, ended by B',
    b: { talkMs: SHORT },
    endReason: 'completed',
    story: WHOLE,
    aSaw: ['BYE'],
    bSaw: ['sent BYE'],
  },
  {
    name: 'answered, ended by A',
    a: { talkMs: 900 },
    b: {},
    endReason: 'completed',
    story: WHOLE,
    aSaw: ['sent BYE'],
    bSaw: ['BYE'],
  },
  {
    name: 'answered, ended by a cancel',
    b: {},
    cancelAfter: '3',
    endReason: 'completed',
    story: WHOLE,
    aSaw: ['BYE'],
    bSaw: ['BYE'],
  },
  { name: 'the talk’s limit', b: {}, endReason: 'completed', story: WHOLE, aSaw: ['BYE'], bSaw: ['BYE'] },
  {
    name: 'B busy',
    b: { refusal: '486 Busy Here' },
    endReason: 'busy',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['sent 486'],
  },
  {
    name: 'B declined',
    b: { refusal: '603 Decline' },
    endReason: 'rejected',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['sent 603'],
  },
  {
    name: 'B does not answer',
    b: { ringMs: 60_000 },
    endReason: 'no_answer',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['CANCEL'],
  },
  {
    name: 'B 404',
    b: { early: '100 Trying', refusal: '404 Not Found' },
    endReason: 'unreachable',
    story: 'caller_answered ended',
    bSaw: ['sent 404'],
  },
  {
    name: 'B 480',
    b: { early: '100 Trying', refusal: '480 Temporarily Unavailable' },
    endReason: 'unreachable',
    story: 'caller_answered ended',
    bSaw: ['sent 480'],
  },
  {
    name: 'B 503',
    b: { early: '100 Trying', refusal: '503 Service Unavailable' },
    endReason: 'failed',
    story: 'caller_answered ended',
    bSaw: ['sent 503'],
  },
  {
    name: 'nothing at B’s address',
    b: 'dead',
    endReason: 'unreachable',
    story: 'caller_answered ended',
    aSaw: ['BYE'],
  },
  {
    name: 'no phone registered for B',
    b: 'nobody',
    endReason: 'unreachable',
    story: 'caller_answered ended',
    aSaw: ['BYE'],
  },
  { name: 'A busy', a: { refusal: '486 Busy Here' }, endReason: 'busy', story: 'ended', aSaw: ['sent 486'], bSaw: [] },
  {
    name: 'A declined',
    a: { refusal: '603 Decline' },
    endReason: 'rejected',
    story: 'ended',
    aSaw: ['sent 603'],
    bSaw: [],
  },
  {
    name: 'A does not answer',
    a: { ringMs: 60_000 },
    endReason: 'no_answer',
    story: 'ended',
    aSaw: ['CANCEL'],
    bSaw: [],
  },
  { name: 'nothing at A’s address', a: 'dead', endReason: 'unreachable', story: 'ended', bSaw: [] },
  {
    name: 'A hangs up while B rings',
    a: { talkMs: 600 },
    b: { ringMs: 60_000 },
    endReason: 'canceled',
    story: RANG,
    bSaw: ['CANCEL'],
  },
  {
    name: 'a cancel while A rings',
    a: { ringMs: 60_000 },
    cancelAfter: '1',
    endReason: 'canceled',
    story: 'ended',
    aSaw: ['CANCEL'],
    bSaw: [],
  },
  {
    name: 'a cancel while B rings',
    b: { ringMs: 60_000 },
    cancelAfter: '2',
    endReason: 'canceled',
    story: RANG,
    aSaw: ['BYE'],
    bSaw: ['CANCEL'],
  },
];

describeOnAsterisk(missing, 'a call on a real Asterisk', () => {
  let asterisk: Asterisk;
  let service: TestApp;
  const phones: Phone[] = [];
  const table: string[] = [];

  beforeAll(async () => {
    asterisk = await startAsterisk();
    service = await startPbxService(asterisk, { LONGEST_TALK: '2' });
  });
  afterEach(async () => {
    await Promise.all(phones.splice(0).map((phone) => phone.end()));
  });
  afterAll(async () => {
    process.stdout.write(`\nOn a real Asterisk:\n${table.join('\n')}\n`);
    await service.close();
    await asterisk.remove();
  });

  const phone = async (habits: Habits = {}): Promise<Phone> => {
    const one = await startPhone(asterisk.folder, habits);
    phones.push(one);
    return one;
  };
  const place = async (a: Scenario['a'], b: Scenario['b']) => {
    const [legA, legB] = [typeof a === 'string' ? null : await phone(a), typeof b === 'string' ? null : await phone(b)];
    const number = (leg: Phone | null, who: Scenario['a']) =>
      leg ? numberOf(leg) : who === 'nobody' ? NUMBER_OF_NOBODY : numberOf({ port: 9 });
    const people = await newPeople(service, number(legA, a), number(legB, b));
    const { data, returnMsg } = await service.ask(people.callerId, `call/${people.calleeId}`);
    return { ...people, legA, legB, callSid: data?.callSid ?? '', returnMsg };
  };

  it.each(SCENARIOS)(
    '$name: $endReason',
    async ({ name, a, b, cancelAfter, endReason, story, aSaw = [], bSaw = [] }) => {
      const { callSid, callerId, legA, legB } = await place(a, b);
      if (cancelAfter) {
        await reached(service, callSid, cancelAfter);
        expect(await service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ data: { isSuccess: 'success' } });
      }
      await reached(service, callSid, '4');
      // What Asterisk tells of an end that we ordered comes afterwards.
      const call = await waitFor('the whole story', async () => {
        const shown = await shownCall(service, callSid);
        return statesOf(shown).split(' ').length >= story.split(' ').length && shown;
      });

      expect(call).toMatchObject({ stateType: '4', endReason });
      expect(statesOf(call).split(' ').sort()).toEqual(story.split(' ').sort());
      const seenBy = async (leg: Phone | null): Promise<readonly string[]> => (leg ? leg.seen() : []);
      const seen = await Promise.all([seenBy(legA), seenBy(legB)]);
      await waitFor('the phones', async () => {
        const [sawA, sawB] = await Promise.all([seenBy(legA), seenBy(legB)]);
        return aSaw.every((one) => sawA.includes(one)) && bSaw.every((one) => sawB.includes(one));
      });
      if (story === 'ended') expect(seen[1]).toEqual([]);
      await waitFor('no channel', async () => (await asterisk.channels()).length === 0);
      const answered = await waitFor('the detail records', async () => {
        const records = await asterisk.callDetails(callSid);
        return records.length > 0 && { byA: records.some((record) => record.includes('ANSWERED')) };
      });
      // Where only leg A was answered, Asterisk's word for it depends on how leg B's ringing ended.
      if (story === WHOLE || story === 'ended') expect(answered).toEqual({ byA: story === WHOLE });
      table.push(
        `  ${name.padEnd(28)} ${endReason.padEnd(12)} ${statesOf(call).padEnd(40)} A: ${seen[0].join(' ')}; B: ${seen[1].join(' ')} PASS`,
      );
    },
  );

  it('refuses a number that no rule fits, and one whose phone is not there, as the contract says', async () => {
    const b = await phone();
    const people = await newPeople(service, numberOf(b), '+14155550100');
    expect(await service.ask(people.callerId, `call/${people.calleeId}`)).toMatchObject({ returnCode: 400 });

    expect((await place('nobody', {})).returnMsg).toBe((await service.ask(people.callerId, 'call/0')).returnMsg);
  });

  it('keeps what became of a call for three days, and not for ever', async () => {
    const dayBefore = (days: number): string =>
      new Date(Date.now() - days * 86_400_000).toISOString().replaceAll('-', '').slice(2, 8);
    for (const days of [1, 2, 3, 4]) await asterisk.command(`database put ringback/${dayBefore(days)} call story`);
    const legA = await phone({ refusal: '486 Busy Here' });
    // By its last digits, one call in a thousand clears away.
    const callSid = `${newCallSid(new Date()).slice(0, -3)}000`;
    await storeCall(service.database, { callSid, provider: 'asterisk' });
    const provider = service.app.nest.get(ProviderChoice).preferred;

    const numbers = { callerPhone: numberOf(legA), calleePhone: NUMBER_OF_NOBODY };
    await provider.dial(
      { callSid, ...numbers, subAccount: { externalId: '', secret: '' } },
      AbortSignal.timeout(10_000),
    );
    await reached(service, callSid, '4');

    const kept = await waitFor('the old days to be gone', async () => {
      const shown = await asterisk.command('database show ringback');
      return !shown.includes(`/${dayBefore(4)}/`) && shown;
    });
    for (const days of [1, 2]) expect(kept).toContain(`/${dayBefore(days)}/`);
    expect(kept).not.toContain(`/${dayBefore(3)}/`);
    expect(kept).toContain(callSid);
  });

  it('carries sound both ways, with the callSid in both invitations', async () => {
    const { callSid, legA, legB } = await place({ sounds: true }, { echoes: true });
    await reached(service, callSid, '3');

    expect(await soundBothWays(asterisk, 2)).toBe(true);
    for (const leg of [legA, legB]) expect(await leg?.messages()).toMatch(new RegExp(`X-Ringback-Call: ${callSid}`));
  });
});
