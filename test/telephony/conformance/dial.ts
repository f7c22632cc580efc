/** The outcome of a dial, and the events of the call. */
import type { Abilities } from './bench.js';
import { waitFor } from '../../support/wait-for.js';
import { replyLimit, refusal, type Stage } from './stage.js';

export const dialTests = (abilities: Abilities, stage: () => Stage): void => {
  const { reports, endReasons, checksSubAccounts, makesSubAccounts, dialsExtensions } = abilities;
  const { reportsWithoutAnswer = reports.filter((type) => type !== 'answered') } = abilities;

  it('reports all events of a call that is answered, and dials it once', async () => {
    const { callSid } = await stage().dial('answers and hangs up');

    const call = await stage().recorded(callSid, ...reports);

    expect(call).toMatchObject({ stateType: '4', endReason: 'completed' });
    const types = (await stage().eventsOf(callSid)).map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(reports));
    expect(await stage().bench.farSide.dialsOf(callSid)).toBe(1);
  });

  it.each(['is busy', 'declines', 'cannot be reached'] as const)(
    'reports the end, and no answer, of a call whose callee %s',
    async (scenario) => {
      const { callSid } = await stage().dial(scenario);

      // The leg that does not know the reason may report its end first.
      await waitFor('the end with its reason', async () => {
        const { stateType, endReason } = await stage().recorded(callSid, 'ended');
        return stateType === '4' && endReason === endReasons[scenario];
      });
      for (const { type } of await stage().eventsOf(callSid)) expect(reportsWithoutAnswer).toContain(type);
    },
  );

  it('keeps two identical concurrent calls apart', async () => {
    const calls = await Promise.all([stage().dial('answers and hangs up'), stage().dial('answers and hangs up')]);

    for (const { callSid } of calls) await stage().recorded(callSid, ...reports);

    const [one, other] = calls;
    expect(one.providerCallId).not.toBe(other.providerCallId);
    const ids = (await Promise.all(calls.map(({ callSid }) => stage().eventsOf(callSid)))).flat();
    expect(new Set(ids.map(({ eventId }) => eventId)).size).toBe(ids.length);
  });

  it('refuses an invalid number with code and text, and rings no phone', async () => {
    const request = await stage().request('an invalid number');

    expect(await stage().provider.dial(request, replyLimit())).toEqual(refusal('bad_number'));

    expect(await stage().phaseOf(request.callSid)).toBe('over');
    expect(await stage().eventsOf(request.callSid)).toEqual([]);
  });

  it(`${checksSubAccounts ? 'refuses' : 'ignores'} an invalid account`, async () => {
    const request = await stage().request('an invalid account');

    const outcome = await stage().provider.dial(request, replyLimit());

    if (checksSubAccounts) {
      expect(outcome).toEqual(refusal('bad_account'));
      expect(await stage().phaseOf(request.callSid)).toBe('over');
    } else await stage().provider.hangUp(await stage().accepted(request, outcome));
  });

  it(makesSubAccounts ? 'creates one sub-account per name, which can dial' : 'cannot create sub-accounts', async () => {
    if (!makesSubAccounts) {
      expect(stage().provider.createSubAccount).toBeUndefined();
      return;
    }
    const make = stage().provider.createSubAccount!;

    const [first, again, other] = [await make('conforms-1'), await make('conforms-1'), await make('conforms-2')];

    expect(again).toEqual(first);
    expect(other.externalId).not.toBe(first.externalId);
    const request = { ...(await stage().request('answers and talks on')), subAccount: first };
    await stage().provider.hangUp(await stage().accepted(request, await stage().provider.dial(request, replyLimit())));
  });

  it(
    dialsExtensions ? 'dials the callee’s extension after the answer' : 'says that it dials no extensions',
    async () => {
      if (!dialsExtensions) {
        expect(stage().provider.dialsExtension('+8613800002013')).toBe(false);
        return;
      }
      const parties = await stage().request('answers and talks on');
      const { switchboard = parties.calleePhone } = stage().bench;
      const request = { ...parties, calleePhone: switchboard, calleeExtension: '8001' };
      expect(stage().provider.dialsExtension(request.calleePhone)).toBe(true);

      const call = await stage().accepted(request, await stage().provider.dial(request, replyLimit()));

      await stage().comesTo(call.callSid, 'talking');
      await waitFor(
        'the extension',
        async () => (await stage().bench.farSide.extensionOf?.(call.callSid)) === request.calleeExtension,
      );
      await stage().provider.hangUp(call);
    },
  );

  it('places no call when the signal is already aborted', async () => {
    const request = await stage().request('answers and talks on');

    // Without the circuit, which would not pass the dial on.
    await expect(stage().provider.provider.dial(request, AbortSignal.abort())).rejects.toThrow();

    expect(await stage().bench.farSide.dialsOf(request.callSid)).toBe(0);
  });
};
