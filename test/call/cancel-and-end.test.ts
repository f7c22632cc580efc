/**
 * The provider accepts a cancel, and also reports the end of the call. Whichever is stored first, record, timeline, change
 * and reply agree on who ended the call.
 */
import { CallRecorder } from '../../src/call/call-recorder.js';
import { CallService } from '../../src/call/call.service.js';
import { CallPlacement } from '../../src/call/placement/call-placement.js';
import { KeptCancels } from '../../src/call/cancel/kept-cancels.js';
import { StateCache } from '../../src/call/updates/state-cache.js';
import { createLogger } from '../../src/common/logger.js';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { ResilientProvider } from '../../src/telephony/resilient-provider.js';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import type { ProviderEndReason, ProviderEvent } from '../../src/telephony/telephony-provider.js';
import { age, scriptedReplica } from '../support/scripted-replica.js';
import { scriptedProvider } from '../support/scripted-provider.js';
import { storeCall, type StoredCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  // Its own sweeper does not know the scripted provider.
  service = await startTestApp({ environment: { SWEEP_EVERY: '3600' } });
});
afterAll(() => service.close());

const provider = scriptedProvider();
/** Longer than a phone may ring, and shorter than the time after which the sweeper gives the call up. */
const OVERDUE_SECONDS = 300;

const cancel = ({ callSid, callerId }: StoredCall): Promise<void> => {
  const { app, database, config } = service;
  const logger = createLogger('silent');
  const choice = new ProviderRegistry(
    [{ provider: new ResilientProvider(provider, logger), settings: {} }],
    [{ to: '', providers: [provider.name] }],
    config.phoneRegion,
  );
  const of = <T>(type: new (...given: never[]) => T): T => app.nest.get(type, { strict: false });
  const calls = new CallService(
    database,
    of(DirectoryService),
    choice,
    of(CallPlacement),
    of(CallRecorder),
    of(StateCache),
    of(KeptCancels),
    logger,
  );
  return calls.cancel(callSid, callerId);
};
const report = (callSid: string, type: ProviderEvent['type'], endReason?: ProviderEndReason): Promise<unknown> =>
  service.app.nest.get(CallRecorder, { strict: false }).apply(provider.name, {
    eventId: `${callSid}:${type}`,
    callSid,
    providerCallId: 'one',
    type,
    occurredAt: new Date(),
    ...(endReason && { endReason }),
  });

interface Shown {
  readonly stateType: string;
  readonly endReason: string;
  readonly endedBy: string;
  readonly events: readonly {
    type: string;
    change: { data: { stateType: string; endReason: string | null } } | null;
  }[];
}
const shown = async ({ callSid }: StoredCall): Promise<Shown> =>
  (await (await service.admin('GET', `calls/${callSid}`)).json()) as Shown;
const newCall = () => storeCall(service.database, { provider: provider.name });

type Order = 'before' | 'after';
/** The provider hangs up, and reports the end before or after it replies to the hang-up request. */
const hangsUp = (order: Order, endReason: ProviderEndReason): ((callSid: string) => Promise<unknown>) => {
  const end = (callSid: string) => report(callSid, 'ended', endReason);
  provider.onHangUp = async ({ callSid }) => {
    if (order === 'before') await end(callSid);
    return { kind: 'taken' };
  };
  return async (callSid) => order === 'after' && end(callSid);
};

describe.each<Order>(['before', 'after'])(
  'the provider reports the end %s its reply to the hang-up request',
  (order) => {
    it.each<[string, ProviderEvent['type'][], ProviderEndReason, string]>([
      ['that is ringing', ['ringing'], 'canceled', 'canceled'],
      ['that does not ring yet', [], 'no_answer', 'canceled'],
      ['that is answered', ['ringing', 'answered'], 'completed', 'completed'],
    ])('a cancel of a call %s is recorded as the cause of its end', async (_, events, endReason, expected) => {
      const call = await newCall();
      for (const type of events) await report(call.callSid, type);
      const endsLater = hangsUp(order, endReason);

      await cancel(call);
      await endsLater(call.callSid);

      const { events: timeline, ...record } = await shown(call);
      expect(record).toMatchObject({ stateType: '4', endReason: expected, endedBy: 'cancel' });
      expect(timeline.map(({ type }) => type)).toEqual(expect.arrayContaining(['canceled', 'ended']));
      const last = timeline.flatMap(({ change }) => (change ? [change.data] : [])).at(-1);
      expect(last).toMatchObject({ stateType: '4', endReason: expected });
    });

    it('the timeline of a call that the sweeper hung up has `expired`, and its end reason is the provider’s', async () => {
      const call = await newCall();
      await report(call.callSid, 'ringing');
      const endsLater = hangsUp(order, 'canceled');
      provider.onFetchStatus = async () => ({ kind: 'known', events: [] });
      await age(service, call.callSid, OVERDUE_SECONDS);

      await scriptedReplica(service, [provider]).sweeper.sweep();
      await endsLater(call.callSid);

      const { events: timeline, ...record } = await shown(call);
      expect(record).toMatchObject({ stateType: '4', endReason: 'canceled', endedBy: 'provider' });
      expect(timeline.map(({ type }) => type)).toEqual(expect.arrayContaining(['expired', 'ended']));
    });
  },
);

it('a cancel fails when the call ended before the hang-up request, and is not recorded as the cause', async () => {
  const call = await newCall();
  provider.onHangUp = async ({ callSid }) => {
    await report(callSid, 'ended', 'busy');
    return { kind: 'gone' };
  };

  await expect(cancel(call)).rejects.toMatchObject({ code: 'CANCEL_FAILED' });

  const { events, ...record } = await shown(call);
  expect(record).toMatchObject({ endReason: 'busy', endedBy: 'provider' });
  expect(events.map(({ type }) => type)).not.toContain('canceled');
});
