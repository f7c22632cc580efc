/** A provider's replies to status requests, and its behaviour when it hangs up. */
import { setTimeout as sleep } from 'node:timers/promises';
import { advance, REQUESTED } from '../../../src/call/record/call-lifecycle.js';
import { StatusUnavailable, type HangUpOutcome } from '../../../src/telephony/telephony-provider.js';
import { waitFor } from '../../support/wait-for.js';
import type { Abilities } from './bench.js';
import { refusal, type Stage } from './stage.js';

/** When the order is sent, from the callee's hang-up as it is seen here, which is some looks late. */
const MOMENTS_MS = [
  [-120, -60, 0],
  [-90, -30, 30],
];

export const statusTests = ({ reports, statusReports, statusLacksLegB }: Abilities, stage: () => Stage): void => {
  const isKnown = (type: string): boolean => statusReports.some((known) => known === type);
  const hasNoStatus = statusReports.length === 0;

  it(
    hasNoStatus
      ? 'throws StatusUnavailable, because the provider cannot be asked about calls'
      : 'returns the same events that were reported, under the same ids',
    async () => {
      const call = await stage().dial('answers and hangs up');
      await stage().recorded(call.callSid, ...reports);
      if (hasNoStatus) {
        await expect(stage().provider.fetchStatus(call)).rejects.toThrow(StatusUnavailable);
        return;
      }

      const status = await stage().provider.fetchStatus(call);

      if (status.kind !== 'known') throw new Error('the call is not known any more');
      expect(new Set(status.events.map(({ type }) => type))).toEqual(new Set(statusReports));
      const outcome = status.events.reduce(advance, REQUESTED);
      expect(outcome).toMatchObject({ state: 4, ...(!statusLacksLegB && { endReason: 'completed' }) });
      for (const event of status.events) expect(event).toMatchObject(call);
      const idsWhenAsked = status.events.map(({ eventId }) => eventId).sort();
      // Another replica or leg may report the end once more, a moment later.
      await waitFor('the same ids', async () => {
        const recorded = (await stage().eventsOf(call.callSid)).filter(({ type }) => isKnown(type));
        const ids = recorded.map(({ eventId }) => eventId).sort();
        return statusLacksLegB ? idsWhenAsked.every((id) => ids.includes(id)) : idsWhenAsked.join() === ids.join();
      });
    },
  );

  it(
    hasNoStatus ? 'throws StatusUnavailable for a talk too' : 'returns the events so far of a call in progress',
    async () => {
      const call = await stage().dialTo('talking');

      if (hasNoStatus) await expect(stage().provider.fetchStatus(call)).rejects.toThrow(StatusUnavailable);
      else {
        const status = await stage().provider.fetchStatus(call);
        expect(status.kind === 'known' && status.events.map(({ type }) => type)).toEqual(
          statusReports.filter((type) => type !== 'ended'),
        );
      }

      expect(await stage().phaseOf(call.callSid)).toBe('talking');
      await stage().provider.hangUp(call);
    },
  );

  it(`${hasNoStatus ? 'throws StatusUnavailable' : 'returns unknown'} for a call that was never placed`, async () => {
    const status = stage().provider.fetchStatus(stage().bench.unknownCall);

    if (hasNoStatus) await expect(status).rejects.toThrow(StatusUnavailable);
    else expect(await status).toEqual({ kind: 'unknown' });
  });
};

export const hangUpTests = ({ hangsUpOnCondition, explainsRefusals }: Abilities, stage: () => Stage): void => {
  const FORBIDDEN = refusal('forbidden');
  const negative = (why: 'gone' | 'passed'): object => (explainsRefusals ? { kind: why } : FORBIDDEN);
  const conditional = (outcome: object): object => (hangsUpOnCondition ? outcome : FORBIDDEN);
  const TAKEN: HangUpOutcome = { kind: 'taken' };

  it('hangs up while the callee’s phone rings, and can be repeated', async () => {
    const call = await stage().dialTo('ringing');

    expect(await stage().provider.hangUp(call)).toEqual(TAKEN);

    expect([TAKEN, negative('gone')]).toContainEqual(await stage().provider.hangUp(call));
    expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'canceled' });
    expect(await stage().phaseOf(call.callSid)).toBe('over');
  });

  it('hangs up a talk, which ends as completed', async () => {
    const call = await stage().dialTo('talking');

    expect(await stage().provider.hangUp(call)).toEqual(TAKEN);

    expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'completed' });
    expect(await stage().phaseOf(call.callSid)).toBe('over');
  });

  it('does nothing for a call that has ended, and for a call that was never placed', async () => {
    const over = await stage().dial('is busy');
    await stage().recorded(over.callSid, 'ended');
    await waitFor('the end of both legs', async () => (await stage().phaseOf(over.callSid)) === 'over');

    for (const call of [over, stage().bench.unknownCall]) {
      expect(await stage().provider.hangUp(call)).toEqual(negative('gone'));
      expect(await stage().provider.hangUp(call, 'answered')).toEqual(conditional(negative('gone')));
    }
  });

  it.each(MOMENTS_MS.map((moments) => ({ moments })))(
    'meets the callee’s own hang-up, $moments ms from it: the call is completed, and stays over',
    async ({ moments }) => {
      const { talkMs } = stage().bench;
      const outcomes = await Promise.all(
        moments.map(async (moment) => {
          const call = await stage().dial('answers and hangs up');
          // On a slow machine the talk may be over before it is seen: then the order comes after the end.
          const phase = await waitFor('the talk', async () => {
            const seen = await stage().phaseOf(call.callSid);
            return ['talking', 'over'].includes(seen) && seen;
          });
          if (phase === 'talking') await sleep(talkMs + moment);
          const first = await stage().provider.hangUp(call);
          await waitFor('the end of both legs', async () => (await stage().phaseOf(call.callSid)) === 'over');
          return { call, first, second: await stage().provider.hangUp(call) };
        }),
      );

      for (const { call, first, second } of outcomes) {
        for (const outcome of [first, second]) expect([TAKEN, negative('gone')]).toContainEqual(outcome);
        // The leg that does not know the reason may report its end first.
        await waitFor('the end with its reason', async () => {
          const { stateType, endReason, endedBy } = await stage().recorded(call.callSid, 'ended');
          return stateType === '4' && endReason === 'completed' && endedBy === 'provider';
        });
        const states = await stage().changesOf(call.callSid);
        expect(states).toEqual(states.toSorted());
      }
    },
  );

  it('does not end a call that has already passed the condition', async () => {
    const ringing = await stage().dialTo('ringing');
    expect(await stage().provider.hangUp(ringing, 'ringing')).toEqual(conditional(negative('passed')));
    expect(await stage().phaseOf(ringing.callSid)).toBe('ringing');

    const talking = await stage().dialTo('talking');
    expect(await stage().provider.hangUp(talking, 'ringing')).toEqual(conditional(negative('passed')));
    expect(await stage().provider.hangUp(talking, 'answered')).toEqual(conditional(negative('passed')));
    expect(await stage().phaseOf(talking.callSid)).toBe('talking');
  });

  it(
    hangsUpOnCondition
      ? 'with the condition “before answered” ends a call that is not answered'
      : 'refuses the condition “before answered”, and changes nothing',
    async () => {
      const call = await stage().dialTo('ringing');

      expect(await stage().provider.hangUp(call, 'answered')).toEqual(conditional(TAKEN));

      if (hangsUpOnCondition)
        expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ endReason: 'canceled' });
      else expect(await stage().phaseOf(call.callSid)).toBe('ringing');
    },
  );
};
