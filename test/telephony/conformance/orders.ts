/** What a provider answers when it is asked about a call, and what it does when it is told to end one. */
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
      ? 'cannot be asked what became of a call, and says so'
      : 'tells the same when asked, under the same ids',
    async () => {
      const call = await on().dial('answers and hangs up');
      await on().told(call.callSid, ...tells);
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
      // An end may be told once more by whoever else saw it, a moment later.
      await waitFor('the same ids', async () => {
        const told = (await on().eventsOf(call.callSid)).filter(({ type }) => isKnown(type));
        return (
          idsWhenAsked.join() ===
          told
            .map(({ eventId }) => eventId)
            .sort()
            .join()
        );
      });
    },
  );

  it(
    cannotBeAsked ? 'cannot be asked about a talk either' : 'tells of a call that goes on as far as it has come',
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

  it(`${cannotBeAsked ? 'cannot be asked about' : 'knows'} no call that it was never told to place`, async () => {
    const asked = on().provider.fetchStatus(on().bench.strangeCall);

    if (cannotBeAsked) await expect(asked).rejects.toThrow(StatusUnavailable);
    else expect(await asked).toEqual({ kind: 'unknown' });
  });
};

export const hangsUp = ({ decidesBefore, saysWhyNot }: Abilities, on: () => Stage): void => {
  const FORBIDDEN = refusal('forbidden');
  const no = (why: 'gone' | 'passed'): object => (saysWhyNot ? { kind: why } : FORBIDDEN);
  const conditional = (outcome: object): object => (decidesBefore ? outcome : FORBIDDEN);
  const TAKEN: HangUpOutcome = { kind: 'taken' };

  it('hangs up while the callee’s phone rings, and again without harm', async () => {
    const call = await on().dialTo('ringing');

    expect(await on().provider.hangUp(call)).toEqual(TAKEN);

    expect([TAKEN, no('gone')]).toContainEqual(await on().provider.hangUp(call));
    expect(await on().told(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'canceled' });
    expect(await on().phaseOf(call.callSid)).toBe('over');
  });

  it('hangs up a talk, which is then completed', async () => {
    const call = await on().dialTo('talking');

    expect(await on().provider.hangUp(call)).toEqual(TAKEN);

    expect(await on().told(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'completed' });
    expect(await on().phaseOf(call.callSid)).toBe('over');
  });

  it('has nothing to hang up of a call that is over, nor of one that it was never told to place', async () => {
    const over = await on().dial('is busy');
    await on().told(over.callSid, 'ended');
    await waitFor('the end of both legs', async () => (await on().phaseOf(over.callSid)) === 'over');

    for (const call of [over, on().bench.strangeCall]) {
      expect(await on().provider.hangUp(call)).toEqual(no('gone'));
      expect(await on().provider.hangUp(call, 'answered')).toEqual(conditional(no('gone')));
    }
  });

  it('leaves alone what has come as far as the order was to be before', async () => {
    const ringing = await on().dialTo('ringing');
    expect(await on().provider.hangUp(ringing, 'ringing')).toEqual(conditional(no('passed')));
    expect(await on().phaseOf(ringing.callSid)).toBe('ringing');

    const talking = await on().dialTo('talking');
    expect(await on().provider.hangUp(talking, 'ringing')).toEqual(conditional(no('passed')));
    expect(await on().provider.hangUp(talking, 'answered')).toEqual(conditional(no('passed')));
    expect(await on().phaseOf(talking.callSid)).toBe('talking');
  });

  it(
    decidesBefore
      ? 'hangs up before an answer what has not been answered'
      : 'refuses to hang up before an answer, and touches nothing',
    async () => {
      const call = await on().dialTo('ringing');

      expect(await on().provider.hangUp(call, 'answered')).toEqual(conditional(TAKEN));

      if (decidesBefore) expect(await on().told(call.callSid, 'ended')).toMatchObject({ endReason: 'canceled' });
      else expect(await on().phaseOf(call.callSid)).toBe('ringing');
    },
  );
};
