/** What becomes of a dial, and what is told of the call. */
import type { Abilities } from './bench.js';
import { patience, refusal, type Stage } from './stage.js';

export const placesCalls = (abilities: Abilities, on: () => Stage): void => {
  const { tells, endReasons, checksSubAccounts, makesSubAccounts } = abilities;
  const { tellsOfNoAnswer = tells.filter((type) => type !== 'answered') } = abilities;

  it('tells of a call that is answered, from its beginning to its end, and asks for it once', async () => {
    const { callSid } = await on().dial('answers and hangs up');

    const call = await on().told(callSid, ...tells);

    expect(call).toMatchObject({ stateType: '4', endReason: 'completed' });
    const types = (await on().eventsOf(callSid)).map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(tells));
    expect(await on().bench.farSide.dialsOf(callSid)).toBe(1);
  });

  it.each(['is busy', 'declines', 'cannot be reached'] as const)(
    'tells of a call whose callee %s, and of no answer',
    async (scenario) => {
      const { callSid } = await on().dial(scenario);

      const call = await on().told(callSid, 'ended');

      expect(call).toMatchObject({ stateType: '4', endReason: endReasons[scenario] });
      for (const { type } of await on().eventsOf(callSid)) expect(tellsOfNoAnswer).toContain(type);
    },
  );

  it('keeps two calls apart that go the same way at one time', async () => {
    const calls = await Promise.all([on().dial('answers and hangs up'), on().dial('answers and hangs up')]);

    for (const { callSid } of calls) await on().told(callSid, ...tells);

    const [one, other] = calls;
    expect(one.providerCallId).not.toBe(other.providerCallId);
    const ids = (await Promise.all(calls.map(({ callSid }) => on().eventsOf(callSid)))).flat();
    expect(new Set(ids.map(({ eventId }) => eventId)).size).toBe(ids.length);
  });

  it('refuses a number that is none, with code and text, and rings nobody', async () => {
    const request = await on().request('a number that is none');

    expect(await on().provider.dial(request, patience())).toEqual(refusal('bad_number'));

    expect(await on().phaseOf(request.callSid)).toBe('over');
    expect(await on().eventsOf(request.callSid)).toEqual([]);
  });

  it(`${checksSubAccounts ? 'refuses' : 'does not mind'} an account that is none`, async () => {
    const request = await on().request('an account that is none');

    const outcome = await on().provider.dial(request, patience());

    if (checksSubAccounts) {
      expect(outcome).toEqual(refusal('bad_account'));
      expect(await on().phaseOf(request.callSid)).toBe('over');
    } else await on().provider.hangUp(await on().accepted(request, outcome));
  });

  it(makesSubAccounts ? 'makes one sub-account a name, which can dial' : 'makes no sub-accounts', async () => {
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

  it('rings nobody for a caller who does not wait any more', async () => {
    const request = await on().request('answers and talks on');

    // Without the guard, which would not have asked it.
    await expect(on().provider.provider.dial(request, AbortSignal.abort())).rejects.toThrow();

    expect(await on().bench.farSide.dialsOf(request.callSid)).toBe(0);
  });
};
