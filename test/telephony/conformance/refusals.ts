/** A dial that the provider refuses for a reason of its own. No phone rings, and the outcome is certain. */
import { PATIENCE_MS } from '../../../src/call/placement/provider-rate-limit.js';
import { OWN_REASONS, type Abilities, type OwnReason } from './bench.js';
import { refusal, replyLimit, type Stage } from './stage.js';

const LONGER_THAN_PATIENCE_SECONDS = PATIENCE_MS / 1_000 + 1;

export const refusalTests = ({ refusesAs, readsRetryAfter }: Abilities, stage: () => Stage): void => {
  const expectNothingRang = async (callSid: string): Promise<void> => {
    const { farSide } = stage().bench;
    expect(await farSide.phaseOf(callSid)).toBe('over');
    expect((await farSide.hasRungCallee?.(callSid)) ?? false).toBe(false);
  };

  /** Of the next call of a user, after `refuseNext`. */
  const expectRefused = async (reason: OwnReason): Promise<void> => {
    const { callerId, calleeId } = await stage().users('answers and talks on');

    const answer = await stage().bench.service.ask(callerId, `call/${calleeId}`);

    expect(answer.data).toBeUndefined();
    const call = await stage().onlyCallOf(callerId);
    expect(call).toMatchObject({ stateType: '4', endReason: 'failed' });
    expect(call.events.at(-1)).toMatchObject({ type: 'refused', detail: { category: reason } });
    await expectNothingRang(call.callSid);
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
      await expectRefused(reason);
    });
  });

  if (!refusesAs.includes('rate_limited')) return;

  it(
    readsRetryAfter
      ? 'that says to wait for a second is followed by the same dial, whose call is carried'
      : 'for rate does not say how long to wait, so that it ends the call at once',
    async () => {
      stage().bench.refuseNext('rate_limited', 1);
      if (!readsRetryAfter) {
        await expectRefused('rate_limited');
        return;
      }
      const { callerId, calleeId } = await stage().users('answers and talks on');

      const { callSid = '' } = (await stage().bench.service.ask(callerId, `call/${calleeId}`)).data!;

      await stage().comesTo(callSid, 'talking');
      expect(await stage().onlyCallOf(callerId)).toMatchObject({ callSid, stateType: '3' });
      expect(await stage().bench.service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });
    },
  );

  it('that says to wait for longer than a caller waits ends the call at once', async () => {
    stage().bench.refuseNext('rate_limited', LONGER_THAN_PATIENCE_SECONDS);

    await expectRefused('rate_limited');
  });
};
