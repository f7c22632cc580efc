/** Limits of one call that Ringback enforces itself: its longest talk, and the time after which it is not dialed. */
import { AuditTrail } from '../../src/audit/audit-trail.service.js';
import { CallCancels } from '../../src/call/call-cancels.service.js';
import { CallService } from '../../src/call/call.service.js';
import { CallRecorder } from '../../src/call/call-recorder.js';
import { KeptCancels } from '../../src/call/cancel/kept-cancels.js';
import { CallerDials } from '../../src/call/placement/caller-dials.js';
import { CallPlacement } from '../../src/call/placement/call-placement.js';
import { dialWithinLimits } from '../../src/call/placement/dial-within-limits.js';
import { PlacedCallsService } from '../../src/call/search/placed-calls.service.js';
import { StateCache } from '../../src/call/updates/state-cache.js';
import { createLogger } from '../../src/common/logger.js';
import { DirectoryService } from '../../src/directory/directory.service.js';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { ResilientProvider } from '../../src/telephony/resilient-provider.js';
import { StatusUnavailable } from '../../src/telephony/telephony-provider.js';
import { AN_AUTHOR } from '../support/author.js';
import { backend, newPhone } from '../support/backend.js';
import { scriptedProvider } from '../support/scripted-provider.js';
import { storeCall } from '../support/stored-call.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

let service: TestApp;
const logger = createLogger('silent');

beforeAll(async () => {
  service = await startTestApp({ environment: { SWEEP_EVERY: '0.1' } });
});
afterAll(() => service.close());

it('a talk is hung up at the call’s own limit, also when the provider has no limit', async () => {
  const calls = backend(service);
  const body = { caller: { phone: newPhone() }, callee: { phone: newPhone('13') } };

  const { body: call } = await calls.place({ ...body, limits: { longestTalk: 1 } });
  const { body: other } = await calls.place({ ...body, caller: { phone: newPhone() } });
  const seen = async ({ callSid }: Record<string, unknown>) => (await calls.ask('GET', `/${String(callSid)}`)).body;
  await waitFor('the end', async () => (await seen(call)).stateType === '4');

  expect(await seen(call)).toMatchObject({ endReason: 'completed' });
  expect(await seen(other)).toMatchObject({ stateType: '3' });
});

describe('notAfter', () => {
  const dial = async (notAfter: Date, callsPerSecond: number | null) => {
    const provider = scriptedProvider();
    const limits = { callsPerSecond, callsAtOnce: null };
    const resilient = new ResilientProvider(provider, logger, {
      limits,
      makesSubAccounts: false,
      sharesAccount: false,
    });
    const dialler = { database: service.database, dials: new CallerDials(), dialTimeoutSeconds: 5 };
    const results = [];
    for (const first of [true, false]) {
      const { callSid, callerId } = await storeCall(service.database, {
        provider: provider.name,
        waitsForDialSlot: callsPerSecond !== null,
      });
      const request = {
        callSid,
        callerPhone: newPhone(),
        calleePhone: newPhone(),
        subAccount: { externalId: 'one', secret: '' },
      };
      results.push(await dialWithinLimits(dialler, callerId, resilient, request, first ? null : notAfter));
    }
    return { dials: provider.dials.length, last: results[1] };
  };

  it('refuses the call when its dial slot is later', async () => {
    expect(await dial(new Date(Date.now() + 1_000), 0.1)).toMatchObject({
      dials: 1,
      last: { kind: 'refused', code: 'RB-TOO-LATE' },
    });
  });

  it('refuses the call when it is in the past', async () => {
    expect(await dial(new Date(Date.now() - 1), null)).toMatchObject({
      dials: 1,
      last: { kind: 'refused', code: 'RB-TOO-LATE' },
    });
  });
});

describe('a cancel', () => {
  const provider = scriptedProvider();
  const cancels = (): CallCancels => {
    const choice = new ProviderRegistry(
      [{ provider: new ResilientProvider(provider, logger), settings: {} }],
      [{ to: '', providers: [provider.name] }],
      'CN',
    );
    const of = <T>(type: new (...given: never[]) => T): T => service.app.nest.get(type, { strict: false });
    const calls = new CallService(
      service.database,
      of(DirectoryService),
      choice,
      of(CallPlacement),
      of(CallRecorder),
      of(StateCache),
      of(KeptCancels),
      logger,
    );
    return new CallCancels(calls, of(PlacedCallsService), of(AuditTrail));
  };
  const stored = async (): Promise<string> => {
    const order = { placedBy: '9001', metadata: null, longestTalkSeconds: null, request: null };
    return (await storeCall(service.database, { provider: provider.name, order })).callSid;
  };

  it('has outcome `canceling` when the provider does not know the call yet', async () => {
    provider.onHangUp = () => Promise.reject(new StatusUnavailable('not there yet'));

    expect(await cancels().cancelOwn(await stored(), '9001', undefined)).toMatchObject({
      outcome: 'canceling',
      call: { stateType: '1' },
    });
  });

  it('has outcome `over` when the provider does not know the call any more', async () => {
    provider.onHangUp = async () => ({ kind: 'gone' });

    expect(await cancels().cancelOwn(await stored(), '9001', undefined)).toMatchObject({ outcome: 'over' });
  });

  it('has outcome `passed` when the provider says so, also when the record is still in an earlier state', async () => {
    provider.onHangUp = async () => ({ kind: 'passed' });

    expect(await cancels().cancelOwn(await stored(), '9001', '3')).toMatchObject({ outcome: 'passed' });
  });

  it('fails with PROVIDER_UNAVAILABLE when the provider fails', async () => {
    provider.onHangUp = () => Promise.reject(new Error('broken'));

    await expect(cancels().cancelOwn(await stored(), '9001', undefined)).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      retryAfterSeconds: 5,
    });
  });

  it('of an administrator during the dial is kept, with its author for the process that carries it out', async () => {
    const callSid = await stored();
    provider.onHangUp = () => Promise.reject(new StatusUnavailable('not there yet'));

    expect(await cancels().cancelAny(callSid, undefined, AN_AUTHOR)).toMatchObject({ outcome: 'canceling' });

    await service.app.nest.get(CallRecorder).applyOwn(callSid, 'accepted', { providerCallId: 'one' });
    const [row] = await service.database.query<{ by: string }[]>(
      'select cancel_ordered_by as by from call_records where call_sid = $1',
      [callSid],
    );
    expect(row).toEqual({ by: 'admin' });
  });

  it('is refused with NOT_FOUND for another subject', async () => {
    const callSid = await stored();

    await expect(cancels().cancelOwn(callSid, '9002', undefined)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
