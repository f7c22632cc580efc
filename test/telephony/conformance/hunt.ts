/** A call to several numbers, which the provider tries one after the other. */
import { setTimeout as sleep } from 'node:timers/promises';
import { advance, REQUESTED } from '../../../src/call/record/call-lifecycle.js';
import { waitFor } from '../../support/wait-for.js';
import type { Abilities } from './bench.js';
import type { Stage } from './stage.js';

/** At some of them the caller's phone rings, at some the first number is tried, at some the next one. */
const MOMENTS_MS = [
  [0, 60, 120],
  [160, 200, 240],
  [280, 400, 800],
];

export const huntTests = (abilities: Abilities, stage: () => Stage): void => {
  const { hunts, reports, endReasons, statusReports, statusLacksLegB, hangsUpOnCondition } = abilities;

  if (!hunts) {
    it('is not for this provider, which says so', () => {
      expect(stage().provider.hunts).toBeUndefined();
    });
    return;
  }

  const legsEnded = async (callSid: string) =>
    (await stage().eventsOf(callSid))
      .filter(({ type }) => type === 'leg_ended')
      .map(({ detail }) => ({ place: detail?.place, endReason: detail?.endReason }))
      .sort((one, other) => Number(one.place) - Number(other.place));

  it('tries the next number after one that is busy, and after one that nobody answers in its time', async () => {
    expect(stage().provider.hunts).toBe(true);
    const { call, phones } = await stage().hunt('is busy', 'rings on', 'answers and talks on');
    const { callSid } = call;

    await stage().recorded(callSid, 'answered');

    expect(await legsEnded(callSid)).toEqual([
      { place: 1, endReason: endReasons['is busy'] },
      { place: 2, endReason: 'no_answer' },
    ]);
    expect(await stage().bench.farSide.dialsOf(callSid)).toBe(1);
    expect(await stage().provider.hangUp(call)).toEqual({ kind: 'taken' });
    const over = await stage().recorded(callSid, 'ended');
    expect(over).toMatchObject({ endReason: 'completed', calleePhone: phones[2], huntedPhones: phones });
    // A client sees one call, whose states only grow.
    const states = await stage().changesOf(callSid);
    expect(states).toEqual(states.toSorted());
    if (reports.includes('ringing')) expect([...new Set(states)]).toEqual([1, 2, 3, 4]);
  });

  it('ends as its last number does, if none answers, and tells how each ended', async () => {
    const { call, phones } = await stage().hunt('cannot be reached', 'declines');
    const { callSid } = call;

    await waitFor('the end with its reason', async () => {
      const { endReason } = await stage().recorded(callSid, 'ended');
      return endReason === endReasons.declines;
    });

    expect(await legsEnded(callSid)).toEqual([{ place: 1, endReason: endReasons['cannot be reached'] }]);
    expect(await stage().recorded(callSid, 'ended')).toMatchObject({ stateType: '4', calleePhone: phones[1] });
    await waitFor('the end of all legs', async () => (await stage().phaseOf(callSid)) === 'over');
    if (statusReports.length === 0 || statusLacksLegB) return;
    await waitFor('the same events, when it is asked', async () => {
      const status = await stage().provider.fetchStatus(call);
      if (status.kind !== 'known') throw new Error('the call is not known any more');
      const told = (await stage().eventsOf(callSid)).map(({ eventId }) => eventId);
      const isSame = status.events.every(({ eventId }) => told.includes(eventId));
      return isSame && status.events.some(({ type, place }) => type === 'leg_ended' && place === 1) && status;
    }).then(({ events }) => {
      expect(events.reduce(advance, REQUESTED)).toMatchObject({ state: 4 });
    });
  });

  it('ends with the first number, if that one answers', async () => {
    const { call, phones } = await stage().hunt('answers and hangs up', 'is busy');

    const over = await stage().recorded(call.callSid, ...reports);

    expect(over).toMatchObject({ stateType: '4', endReason: 'completed', calleePhone: phones[0] });
    expect(await legsEnded(call.callSid)).toEqual([]);
  });

  // Three at a time, and their phones one after the other: their start takes a slow machine's processor from what is tested.
  it.each(MOMENTS_MS.map((moments) => ({ moments })))(
    'is hung up after $moments ms, and rings nobody afterwards',
    async ({ moments }) => {
      const hunts = [];
      for (const moment of moments) {
        hunts.push({ moment, request: await stage().huntRequest('is busy', 'cannot be reached', 'rings on') });
      }
      const outcomes = await Promise.all(
        hunts.map(async ({ moment, request }) => {
          const call = await stage().dialled(request);
          await sleep(moment);
          const { kind } = await stage().provider.hangUp(call);
          const { endReason } = await stage().recorded(call.callSid, 'ended');
          await waitFor('the end of all legs', async () => (await stage().phaseOf(call.callSid)) === 'over');
          return { kind, endReason, call };
        }),
      );

      for (const { kind, endReason, call } of outcomes) {
        expect({ kind, endReason, phase: await stage().phaseOf(call.callSid) }).toEqual({
          kind: 'taken',
          endReason: 'canceled',
          phase: 'over',
        });
      }
    },
  );

  it(
    hangsUpOnCondition
      ? 'with the condition “before answered” ends while its second number rings'
      : 'goes on after an order with a condition',
    async () => {
      const { call } = await stage().hunt('is busy', 'rings on');
      await stage().comesTo(call.callSid, 'ringing');

      const { kind } = await stage().provider.hangUp(call, 'answered');

      expect(kind).toBe(hangsUpOnCondition ? 'taken' : 'refused');
      if (hangsUpOnCondition) {
        expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ endReason: 'canceled' });
      } else await stage().provider.hangUp(call);
    },
  );
};
