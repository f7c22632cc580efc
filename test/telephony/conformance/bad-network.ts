/** A provider on a failing network. It must not report a refusal when the provider may have accepted. */
import { asAsked } from '../../../src/call/record/dialled-call.js';
import { StatusUnavailable, type ProviderCall } from '../../../src/telephony/telephony-provider.js';
import { shownCall } from '../../asterisk/pbx-service.js';
import { age, markDialedNow } from '../../support/scripted-replica.js';
import { waitFor } from '../../support/wait-for.js';
import type { Abilities, Scenario } from './bench.js';
import { replyLimit, refusal, type PlacedCall, type Stage } from './stage.js';

/** For a provider that is up and finds calls without its own id. */
const DIALS_AGAIN_SECONDS = 15;

/** Returned in place of an error that was thrown. */
const THROWN = Symbol('thrown');

export const badNetworkTests = (
  { findsCallsBy, tellsUnplaced, explainsRefusals, reportsBy }: Abilities,
  stage: () => Stage,
): void => {
  afterEach(() => {
    stage().bench.line.mode = 'pass';
  });

  /** How a reply is lost after the provider has read the request. */
  const LOSSES = {
    'the caller stops waiting': (waiting: AbortController) => {
      waiting.abort(new Error('the caller stopped waiting'));
    },
    'the connection breaks': () => {
      stage().bench.line.mode = 'cut';
    },
  };

  /** @returns the callSid */
  const dialWithoutReply = async (scenario: Scenario, loss: keyof typeof LOSSES): Promise<string> => {
    const { bench, provider } = stage();
    const request = await stage().request(scenario);
    const waiting = new AbortController();
    bench.line.mode = 'hold replies';
    const reply = provider.dial(request, waiting.signal).catch(() => THROWN);
    await waitFor('the dial', async () => (await bench.farSide.dialsOf(request.callSid)) > 0);
    LOSSES[loss](waiting);
    expect(await reply).toBe(THROWN);
    bench.line.mode = 'pass';
    return request.callSid;
  };

  /** Waits until the stream is connected again. Webhooks do not use the line. */
  const streamReconnected = async (call: ProviderCall): Promise<void> => {
    if (reportsBy === 'a stream')
      await waitFor('the stream', () =>
        stage()
          .provider.fetchStatus(call)
          .catch(() => false),
      );
  };

  it('a dial whose reply is lost throws, is not repeated, and its call is still reported', async () => {
    const callSid = await dialWithoutReply('answers and hangs up', 'the caller stops waiting');

    expect(await stage().recorded(callSid, 'ended')).toMatchObject({ stateType: '4', endReason: 'completed' });
    expect(await stage().bench.farSide.dialsOf(callSid)).toBe(1);
  });

  const isFound = findsCallsBy !== 'its own id';

  it(`a call without a provider id is ${isFound ? 'found and can be hung up' : 'not found and not changed'}`, async () => {
    const callSid = await dialWithoutReply('answers and talks on', 'the connection breaks');
    const call = await asAsked(stage().bench.service.database, { callSid, providerCallId: null });
    await waitFor('the talk', async () => (await stage().phaseOf(callSid)) === 'talking');

    if (isFound) {
      await streamReconnected(call);
      expect(await stage().provider.fetchStatus(call)).toMatchObject({ kind: 'known' });
      expect(await stage().provider.hangUp(call)).toEqual({ kind: 'taken' });
      await waitFor('the end', async () => (await stage().phaseOf(callSid)) === 'over');
      return;
    }
    await expect(stage().provider.fetchStatus(call)).rejects.toThrow(StatusUnavailable);
    const order = await stage()
      .provider.hangUp(call)
      .catch((error: unknown) => error);
    expect([refusal('forbidden'), expect.any(StatusUnavailable)]).toContainEqual(order);
    expect(await stage().phaseOf(callSid)).toBe('talking');
  });

  const isSettled = isFound || tellsUnplaced;

  it(
    isSettled
      ? `the caller of a dial that did not reach the provider can dial again after ${DIALS_AGAIN_SECONDS} s`
      : 'the caller of a dial that did not reach the provider stays in the call, because the provider cannot be asked',
    async () => {
      const { bench } = stage();
      const { service } = bench;
      const { callerId, calleeId } = await stage().users('answers and talks on');
      const place = () => service.ask(callerId, `call/${calleeId}`);
      // A provider may learn from an earlier call what to conclude.
      await stage().provider.hangUp(await stage().dialTo('talking'));
      bench.line.mode = 'silence';
      const lost = (await place()).data!.callSid!;
      bench.line.mode = 'cut';
      bench.line.mode = 'pass';
      await markDialedNow(service, lost);
      expect((await place()).data?.callSid).toBe(lost);
      await streamReconnected({ callSid: lost, providerCallId: null });

      await age(service, lost, DIALS_AGAIN_SECONDS);

      const { callSid } = (await place()).data!;
      expect(await bench.farSide.dialsOf(lost)).toBe(0);
      if (!isSettled) {
        expect(callSid).toBe(lost);
        return;
      }
      expect(callSid).not.toBe(lost);
      expect(await shownCall(service, lost)).toMatchObject({ stateType: '4', endReason: 'failed' });
      expect(await service.ask(callerId, `callCancel/${callSid!}`)).toMatchObject({ returnCode: 200 });
    },
  );

  it('a cancel while the reply to the dial is lost is carried out', async () => {
    const { bench } = stage();
    const { service } = bench;
    const { callerId, calleeId } = await stage().users('rings on');
    bench.line.mode = 'hold replies';
    const callSid = (await service.ask(callerId, `call/${calleeId}`)).data!.callSid!;
    bench.line.mode = 'cut';
    bench.line.mode = 'pass';
    await streamReconnected({ callSid, providerCallId: null });

    expect(await service.ask(callerId, `callCancel/${callSid}`)).toMatchObject({ returnCode: 200 });

    await waitFor('the end', async () => (await stage().phaseOf(callSid)) === 'over');
    expect(await bench.farSide.dialsOf(callSid)).toBe(1);
    expect(await stage().recorded(callSid, 'ended')).toMatchObject({ endReason: 'canceled', endedBy: 'cancel' });
  });

  it('a hang-up whose reply is lost throws, and can be repeated', async () => {
    const call = await stage().dialTo('talking');
    stage().bench.line.mode = 'hold replies';
    const reply = stage()
      .provider.hangUp(call)
      .catch(() => THROWN);
    await waitFor('the end', async () => (await stage().phaseOf(call.callSid)) === 'over');
    stage().bench.line.mode = 'cut';
    expect(await reply).toBe(THROWN);
    stage().bench.line.mode = 'pass';

    const again = await stage().provider.hangUp(call);

    expect([{ kind: 'taken' }, explainsRefusals ? { kind: 'gone' } : refusal('forbidden')]).toContainEqual(again);
    await streamReconnected(call);
    expect(await stage().recorded(call.callSid, 'ended')).toMatchObject({ endReason: 'completed' });
  });
};

/** On a stage of their own, because they close the line for good. */
export const closedLineTests = (stage: () => Stage): void => {
  let talking: PlacedCall;
  beforeAll(async () => {
    talking = await stage().dialTo('talking');
    expect(await stage().provider.isReachable()).toBe(true);
    await stage().bench.line.close();
    // On a connection whose reset it has not seen yet, a client cannot know whether its request arrived.
    await waitFor('the reset to be seen', async () => !(await stage().provider.isReachable()));
  });

  it('a dial is refused as provider_down, and does not reach the provider', async () => {
    const request = await stage().request('answers and talks on');

    expect(await stage().provider.dial(request, replyLimit())).toEqual(refusal('provider_down'));

    expect(await stage().bench.farSide.dialsOf(request.callSid)).toBe(0);
  });

  it('hangUp and fetchStatus throw, and the provider is not reachable', async () => {
    await expect(stage().provider.hangUp(talking)).rejects.toThrow();
    await expect(stage().provider.fetchStatus(talking)).rejects.toThrow();

    expect(await stage().provider.isReachable()).toBe(false);
  });
};

/** On a stage of its own, because a closed provider does nothing more. */
export const closedProviderTest = (stage: () => Stage): void => {
  it('can be closed twice, and does not end its calls', async () => {
    const { callSid } = await stage().dialTo('talking');

    await stage().provider.close();
    await stage().provider.close();

    expect(await stage().phaseOf(callSid)).toBe('talking');
  });
};
