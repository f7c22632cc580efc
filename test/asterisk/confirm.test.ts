/** With CONFIRM_CALLER, the caller's phone must press 1 before the callee's phone rings. Real phones, real DTMF. */
import { describeOnAsterisk, fetchAsterisk, startAsterisk, type Asterisk } from './asterisk.js';
import { reached, shownCall, startPbxService, statesOf } from './pbx-service.js';
import type { Phone } from './phone.js';
import { placeCall, runScenarios, type Outcome } from './scenario-run.js';
import { WHOLE, type Scenario } from './scenarios.js';
import type { TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const missing = await fetchAsterisk();

const SHORT = 300;
const NOT_RUNG = 'caller_answered ended';
const SCENARIOS: readonly Scenario[] = [
  { name: 'presses 1', a: { presses: '1' }, b: { talkMs: SHORT }, endReason: 'completed', story: WHOLE },
  {
    name: 'presses 5, then 1',
    a: { presses: '51' },
    b: { talkMs: SHORT },
    endReason: 'completed',
    story: WHOLE,
  },
  {
    name: 'presses 1 in the sound',
    a: { pressesInSound: '1' },
    b: { talkMs: SHORT },
    endReason: 'completed',
    story: WHOLE,
  },
  { name: 'is a mailbox', a: { sounds: true }, endReason: 'no_answer', story: NOT_RUNG, aSaw: ['BYE'] },
  { name: 'presses 5', a: { presses: '5' }, endReason: 'no_answer', story: NOT_RUNG, aSaw: ['BYE'] },
  { name: 'presses 5 three times', a: { presses: '555' }, endReason: 'no_answer', story: NOT_RUNG, aSaw: ['BYE'] },
  { name: 'hangs up instead', a: { talkMs: SHORT }, endReason: 'canceled', story: NOT_RUNG },
];

describeOnAsterisk(missing, 'with CONFIRM_CALLER on a real Asterisk, a caller', () => {
  let asterisk: Asterisk;
  let service: TestApp;
  let outcomes: ReadonlyMap<string, Promise<Outcome>>;

  beforeAll(async () => {
    asterisk = await startAsterisk();
    await asterisk.command('module load res_pjsip_dtmf_info.so');
    service = await startPbxService(asterisk, { CONFIRM_CALLER: '2' });
    outcomes = runScenarios({ asterisk, service }, SCENARIOS, 3);
    for (const outcome of outcomes.values()) outcome.catch(() => undefined);
  });
  afterAll(async () => {
    await Promise.allSettled([...outcomes.values()]);
    await service.close();
    await asterisk.remove();
  });

  it.each(SCENARIOS)('who $name: $endReason', async ({ name, endReason, story }) => {
    const { call, seenByB } = await outcomes.get(name)!;

    expect(call).toMatchObject({ stateType: '4', endReason });
    expect(statesOf(call)).toBe(story);
    expect(seenByB.includes('INVITE')).toBe(story === WHOLE);
  });

  it('who presses nothing is told apart from one who does not answer', async () => {
    const { call } = await outcomes.get('is a mailbox')!;

    const ended = call.events.find(({ type, provider }) => type === 'ended' && provider === 'asterisk');
    expect(ended).toMatchObject({ detail: { confirmed: 'no' } });
  });

  it('who cancels in the prompt does not ring the callee', async () => {
    const phones: Phone[] = [];
    try {
      const { callSid, callerId, legA, legB } = await placeCall({ asterisk, service }, {}, {}, phones);
      await waitFor('the answer', async () => statesOf(await shownCall(service, callSid)) === 'caller_answered');

      expect(await service.ask(callerId, `callCancel/${callSid}?before=2`)).toMatchObject({ returnCode: 200 });

      expect(await reached(service, callSid, '4')).toMatchObject({ endReason: 'canceled', endedBy: 'cancel' });
      await waitFor('the BYE', async () => (await legA?.seen())?.includes('BYE'));
      expect(await legB?.seen()).toEqual([]);
    } finally {
      await Promise.all(phones.map((phone) => phone.end()));
    }
  });
});
