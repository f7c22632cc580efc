/** A dial that the provider refuses for a reason of its own. No phone rings, and the outcome is certain. */
import { OWN_REASONS, type Abilities } from './bench.js';
import { refusal, replyLimit, type Stage } from './stage.js';

export const refusalTests = ({ refusesAs }: Abilities, stage: () => Stage): void => {
  const expectNothingRang = async (callSid: string): Promise<void> => {
    const { farSide } = stage().bench;
    expect(await farSide.phaseOf(callSid)).toBe('over');
    expect((await farSide.hasRungCallee?.(callSid)) ?? false).toBe(false);
  };

  describe.each(OWN_REASONS)('as %s', (reason) => {
    if (!refusesAs.includes(reason)) {
      it('is none of this provider’s', () => {
        expect(stage().bench.refusals).not.toContain(reason);
      });
      return;
    }

    it('has code and text, and rings no phone', async () => {
      expect(stage().bench.refusals).toContain(reason);
      stage().bench.refuseNext(reason);
      const request = await stage().request('answers and talks on');

      expect(await stage().provider.dial(request, replyLimit())).toEqual(refusal(reason));

      await expectNothingRang(request.callSid);
      expect(await stage().eventsOf(request.callSid)).toEqual([]);
    });

    it('ends the call at once, with the reason on record', async () => {
      stage().bench.refuseNext(reason);
      const { callerId, calleeId } = await stage().users('answers and talks on');

      const answer = await stage().bench.service.ask(callerId, `call/${calleeId}`);

      expect(answer.data).toBeUndefined();
      const call = await stage().onlyCallOf(callerId);
      expect(call).toMatchObject({ stateType: '4', endReason: 'failed' });
      expect(call.events.at(-1)).toMatchObject({ type: 'refused', detail: { category: reason } });
      await expectNothingRang(call.callSid);
    });
  });
};
