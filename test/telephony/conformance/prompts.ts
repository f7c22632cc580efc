/**
 * What a leg hears before the two are joined: the question to the caller, who must press 1 before leg B is dialled
 * (CONFIRM_CALLER), and the whisper to the callee.
 */
import { PROVIDER_SETTINGS } from '../../../src/config/provider-settings.js';
import { waitFor } from '../../support/wait-for.js';
import type { Abilities } from './bench.js';
import { refusal, type Stage } from './stage.js';

/** Longer than any wait of a test. */
const LONG_WHISPER_SECONDS = 60;
const SHORT_WHISPER_SECONDS = 2;

const isOver = (stage: Stage, callSid: string): Promise<true> =>
  waitFor('the end of both legs', async () => (await stage.phaseOf(callSid)) === 'over' || null);

export const confirmTests = ({ confirmsCaller }: Abilities, stage: () => Stage): void => {
  if (!confirmsCaller) {
    it('is not asked for a key by this provider, which rings the callee at once', async () => {
      const call = await stage().dialTo('ringing');

      await stage().provider.hangUp(call);
    });
    return;
  }
  const wasRung = (callSid: string): Promise<boolean> => stage().bench.farSide.hasRungCallee!(callSid);
  const typesOf = async (callSid: string): Promise<Set<string>> =>
    new Set((await stage().eventsOf(callSid)).map(({ type }) => type));

  it('who presses 1 talks to the callee', async () => {
    const { callSid } = await stage().dial('answers and hangs up', 'presses 1');

    expect(await stage().recorded(callSid, 'answered', 'ended')).toMatchObject({ endReason: 'completed' });
    expect(await wasRung(callSid)).toBe(true);
  });

  it.each(['presses another key', 'presses nothing'] as const)(
    'who %s does not ring the callee, and the call ends as not answered',
    async (caller) => {
      const { callSid } = await stage().dial('answers and talks on', caller);

      // The end of leg A may be reported first.
      const call = await waitFor('the end with its reason', async () => {
        const ended = await stage().recorded(callSid, 'ended');
        return ended.endReason === 'no_answer' && ended;
      });

      expect(call.events).toContainEqual(
        expect.objectContaining({ detail: expect.objectContaining({ confirmed: 'no' }) }),
      );
      await isOver(stage(), callSid);
      expect(await wasRung(callSid)).toBe(false);
      for (const type of await typesOf(callSid)) expect(['accepted', 'caller_answered', 'ended']).toContain(type);
    },
  );

  it('who hangs up in the prompt does not ring the callee, and the call ends as canceled', async () => {
    const { callSid } = await stage().dial('answers and talks on', 'hangs up in the prompt');

    expect(await stage().recorded(callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'canceled' });
    await isOver(stage(), callSid);
    expect(await wasRung(callSid)).toBe(false);
  });

  it('is hung up during the prompt, and the callee is not rung', async () => {
    const call = await stage().dial('answers and talks on', 'presses nothing');
    await stage().recorded(call.callSid, 'caller_answered');

    expect(await stage().provider.hangUp(call)).toEqual({ kind: 'taken' });

    expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'canceled' });
    await isOver(stage(), call.callSid);
    expect(await wasRung(call.callSid)).toBe(false);
  });
};

/** @param stage only of a provider that whispers */
export const whisperTests = ({ hangsUpOnCondition, explainsRefusals }: Abilities, stage: () => Stage): void => {
  const inWhisper = async (callSid: string): Promise<void> => {
    await waitFor('the whisper', async () => (await stage().phaseOf(callSid)) === 'whispering');
    await stage().recorded(callSid, 'answered');
  };
  const whisperFor = (seconds: number): Promise<void> => stage().bench.farSide.whisperFor!(seconds);

  it('is heard after the answer, before the two are joined', async () => {
    await whisperFor(SHORT_WHISPER_SECONDS);
    const call = await stage().dial('answers and talks on');
    await inWhisper(call.callSid);

    await waitFor('the talk', async () => (await stage().phaseOf(call.callSid)) === 'talking');

    await stage().provider.hangUp(call);
    expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ endReason: 'completed' });
  });

  it('is ended for both at once by a hang-up, and the call is completed', async () => {
    await whisperFor(LONG_WHISPER_SECONDS);
    const call = await stage().dial('answers and talks on');
    await inWhisper(call.callSid);

    expect(await stage().provider.hangUp(call)).toEqual({ kind: 'taken' });

    await isOver(stage(), call.callSid);
    expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'completed' });
  });

  it('counts as answered for a hang-up with a condition', async () => {
    await whisperFor(LONG_WHISPER_SECONDS);
    const call = await stage().dial('answers and talks on');
    await inWhisper(call.callSid);

    const outcome = await stage().provider.hangUp(call, 'answered');

    expect(outcome).toEqual(hangsUpOnCondition && explainsRefusals ? { kind: 'passed' } : refusal('forbidden'));
    expect(await stage().phaseOf(call.callSid)).toBe('whispering');
    await stage().provider.hangUp(call);
  });

  it('ends the call as completed if the callee hangs up in it', async () => {
    await whisperFor(LONG_WHISPER_SECONDS);
    const { callSid } = await stage().dial('hangs up in the whisper');

    expect(await stage().recorded(callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'completed' });
    await isOver(stage(), callSid);
  });
};

/** Such a provider has no setting for a whisper. @param provider its name */
export const noWhisperTest = (provider: () => string): void => {
  it('is unknown to this provider, which has no setting for it', () => {
    const names = Object.values(PROVIDER_SETTINGS).map(({ name }) => name);
    expect(names).not.toContain(`${provider().toUpperCase()}_WHISPER`);
  });
};
