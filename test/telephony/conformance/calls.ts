/** The outcome of a dial, and the events of the call. */
import type { Abilities } from './bench.js';
import { patience, refusal, type Stage } from './stage.js';

export const placesCalls = (abilities: Abilities, on: () => Stage): void => {
  const { tells, endReasons, checksSubAccounts, makesSubAccounts } = abilities;
  const { tellsOfNoAnswer = tells.filter((type) => type !== 'answered') } = abilities;

  it('reports all events of a call that is answered, and dials it once', async () => {
    const { callSid } = await on().dial('answers and hangs up');

    const call = await on().recorded(callSid, ...tells);

    expect(call).toMatchObject({ stateType: '4', endReason: 'completed' });
    const types = (await on().eventsOf(callSid)).map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(tells));
    expect(await on().bench.farSide.dialsOf(callSid)).toBe(1);
  });

  it.each(['is busy', 'declines', 'cannot be reached'] as const)(
    'reports the end, and no answer, of a call whose callee %s',
    async (scenario) => {
      const { callSid } = await on().dial(scenario);

      const call = await on().recorded(callSid, 'ended');

      expect(call).toMatchObject({ stateType: '4', endReason: endReasons[scenario] });
      for (const { type } of await on().eventsOf(callSid)) expect(tellsOfNoAnswer).toContain(type);
    },
  );

  it('keeps two identical concurrent calls apart', async () => {
    const calls = await Promise.all([on().dial('answers and hangs up'), on().dial('answers and hangs up')]);

    for (const { callSid } of calls) await on().recorded(callSid, ...tells);

    const [one, other] = calls;
    expect(one.providerCallId).not.toBe(other.providerCallId);
    const ids = (await Promise.all(calls.map(({ callSid }) => on().eventsOf(callSid)))).flat();
    expect(new Set(ids.map(({ eventId }) => eventId)).size).toBe(ids.length);
  });

  it('refuses an invalid number with code and text, and rings no phone', async () => {
    const request = await on().request('a number that is none');

    expect(await on().provider.dial(request, patience())).toEqual(refusal('bad_number'));

    expect(await on().phaseOf(request.callSid)).toBe('over');
    expect(await on().eventsOf(request.callSid)).toEqual([]);
  });

  it(`${checksSubAccounts ? 'refuses' : 'ignores'} an invalid account`, async () => {
    const request = await on().request('an account that is none');

    const outcome = await on().provider.dial(request, patience());

    if (checksSubAccounts) {
      expect(outcome).toEqual(refusal('bad_account'));
      expect(await on().phaseOf(request.callSid)).toBe('over');
    } else await on().provider.hangUp(await on().accepted(request, outcome));
  });

  it(makesSubAccounts ? 'creates one sub-account per name, which can dial' : 'cannot create sub-accounts', async () => {
    if (!makesSubAccounts) {
      expect(on().provider.createSubAccount).toBeUndefined();
      return;
    }
    const make = on().provider.createSubAccount!;

    const [first, again, other] = [await make('conforms-1'), await make('conforms-1'), await make('conforms-2')];

    expect(again).toEqual(first);
    expect(other.externalId).not.toBe(first.externalId);
    const request = { ...(await on().request('answers and talks on')), subAccount: first };
    await on().provider.hangUp(await on().accepted(request, await on().provider.dial(request, patience())));
  });

  it('places no call when the signal is already aborted', async () => {
    const request = await on().request('answers and talks on');

    // Without the circuit, which would not pass the dial on.
    await expect(on().provider.provider.dial(request, AbortSignal.abort())).rejects.toThrow();

    expect(await on().bench.farSide.dialsOf(request.callSid)).toBe(0);
  });
};
