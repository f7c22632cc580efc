/** A provider's replies to status requests, and its behaviour when it hangs up. */
import { advance, REQUESTED } from '../../../src/call/record/call-lifecycle.js';
import { StatusUnavailable, type HangUpOutcome } from '../../../src/telephony/telephony-provider.js';
import { waitFor } from '../../support/wait-for.js';
import type { Abilities } from './bench.js';
import { refusal, type Stage } from './stage.js';

export const answersWhenAsked = ({ tells, tellsWhenAsked }: Abilities, on: () => Stage): void => {
  const isKnown = (type: string): boolean => tellsWhenAsked.some((known) => known === type);
  const cannotBeAsked = tellsWhenAsked.length === 0;

  it(
    cannotBeAsked
      ? 'throws StatusUnavailable, because the provider cannot be asked about calls'
      : 'returns the same events that were reported, under the same ids',
    async () => {
      const call = await on().dial('answers and hangs up');
      await on().recorded(call.callSid, ...tells);
      if (cannotBeAsked) {
        await expect(on().provider.fetchStatus(call)).rejects.toThrow(StatusUnavailable);
        return;
      }

      const status = await on().provider.fetchStatus(call);

      if (status.kind !== 'known') throw new Error('the call is not known any more');
      expect(new Set(status.events.map(({ type }) => type))).toEqual(new Set(tellsWhenAsked));
      expect(status.events.reduce(advance, REQUESTED)).toMatchObject({ state: 4, endReason: 'completed' });
      for (const event of status.events) expect(event).toMatchObject(call);
      const idsWhenAsked = status.events.map(({ eventId }) => eventId).sort();
      // Another replica or leg may report the end once more, a moment later.
      await waitFor('the same ids', async () => {
        const recorded = (await on().eventsOf(call.callSid)).filter(({ type }) => isKnown(type));
        return (
          idsWhenAsked.join() ===
          recorded
            .map(({ eventId }) => eventId)
            .sort()
            .join()
        );
      });
    },
  );

  it(
    cannotBeAsked ? 'throws StatusUnavailable for a talk too' : 'returns the events so far of a call in progress',
    async () => {
      const call = await on().dialTo('talking');

      if (cannotBeAsked) await expect(on().provider.fetchStatus(call)).rejects.toThrow(StatusUnavailable);
      else {
        const status = await on().provider.fetchStatus(call);
        expect(status.kind === 'known' && status.events.map(({ type }) => type)).toEqual(
          tellsWhenAsked.filter((type) => type !== 'ended'),
        );
      }

      expect(await on().phaseOf(call.callSid)).toBe('talking');
      await on().provider.hangUp(call);
    },
  );

  it(`${cannotBeAsked ? 'throws StatusUnavailable' : 'returns unknown'} for a call that was never placed`, async () => {
    const status = on().provider.fetchStatus(on().bench.strangeCall);

    if (cannotBeAsked) await expect(status).rejects.toThrow(StatusUnavailable);
    else expect(await status).toEqual({ kind: 'unknown' });
  });
};

export const hangsUp = ({ decidesBefore, saysWhyNot }: Abilities, on: () => Stage): void => {
  const FORBIDDEN = refusal('forbidden');
  const negative = (why: 'gone' | 'passed'): object => (saysWhyNot ? { kind: why } : FORBIDDEN);
  const conditional = (outcome: object): object => (decidesBefore ? outcome : FORBIDDEN);
  const TAKEN: HangUpOutcome = { kind: 'taken' };

  it('hangs up while the callee’s phone rings, and can be repeated', async () => {
    const call = await on().dialTo('ringing');

    expect(await on().provider.hangUp(call)).toEqual(TAKEN);

    expect([TAKEN, negative('gone')]).toContainEqual(await on().provider.hangUp(call));
    expect(await on().recorded(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'canceled' });
    expect(await on().phaseOf(call.callSid)).toBe('over');
  });

  it('hangs up a talk, which ends as completed', async () => {
    const call = await on().dialTo('talking');

    expect(await on().provider.hangUp(call)).toEqual(TAKEN);

    expect(await on().recorded(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'completed' });
    expect(await on().phaseOf(call.callSid)).toBe('over');
  });

  it('does nothing for a call that has ended, and for a call that was never placed', async () => {
    const over = await on().dial('is busy');
    await on().recorded(over.callSid, 'ended');
    await waitFor('the end of both legs', async () => (await on().phaseOf(over.callSid)) === 'over');

    for (const call of [over, on().bench.strangeCall]) {
      expect(await on().provider.hangUp(call)).toEqual(negative('gone'));
      expect(await on().provider.hangUp(call, 'answered')).toEqual(conditional(negative('gone')));
    }
  });

  it('does not end a call that has already passed the condition', async () => {
    const ringing = await on().dialTo('ringing');
    expect(await on().provider.hangUp(ringing, 'ringing')).toEqual(conditional(negative('passed')));
    expect(await on().phaseOf(ringing.callSid)).toBe('ringing');

    const talking = await on().dialTo('talking');
    expect(await on().provider.hangUp(talking, 'ringing')).toEqual(conditional(negative('passed')));
    expect(await on().provider.hangUp(talking, 'answered')).toEqual(conditional(negative('passed')));
    expect(await on().phaseOf(talking.callSid)).toBe('talking');
  });

  it(
    decidesBefore
      ? 'with the condition “before answered” ends a call that is not answered'
      : 'refuses the condition “before answered”, and changes nothing',
    async () => {
      const call = await on().dialTo('ringing');

      expect(await on().provider.hangUp(call, 'answered')).toEqual(conditional(TAKEN));

      if (decidesBefore) expect(await on().recorded(call.callSid, 'ended')).toMatchObject({ endReason: 'canceled' });
      else expect(await on().phaseOf(call.callSid)).toBe('ringing');
    },
  );
};
