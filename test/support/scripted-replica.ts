/** The parts of a replica that handle open calls, with scripted providers and a real database. */
import { NONE_SHOWN } from '../../src/directory/shown-numbers.js';
import { CallInquiry } from '../../src/call/reconciliation/call-inquiry.js';
import { CallPlacement } from '../../src/call/placement/call-placement.js';
import { RefusalJournal } from '../../src/call/placement/refusal-journal.js';
import { CallRecorder } from '../../src/call/call-recorder.js';
import { CatchUp } from '../../src/call/reconciliation/catch-up.js';
import { ChangeFeed } from '../../src/call/updates/change-feed.js';
import { OpenCallCheck } from '../../src/call/reconciliation/open-call-check.js';
import { SubAccountMaker } from '../../src/call/placement/sub-account-maker.js';
import { Sweeper } from '../../src/call/reconciliation/sweeper.js';
import { createLogger } from '../../src/common/logger.js';
import { Spending } from '../../src/call/spending/spending.service.js';
import { ResilientProvider } from '../../src/telephony/resilient-provider.js';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import type { TelephonyProvider } from '../../src/telephony/telephony-provider.js';
import type { TestApp } from './test-app.js';

export interface ScriptedReplica {
  readonly sweeper: Sweeper;
  readonly catchUp: CatchUp;
  /** Places a call as a request of the contract does. @returns the callSid */
  place(callerId: string, calleeId: string): Promise<string>;
}

/** @param service the replica uses its database and settings; several of them are replicas of one service */
export const scriptedReplica = (
  { app: { nest }, config, database }: TestApp,
  providers: readonly TelephonyProvider[],
): ScriptedReplica => {
  const logger = createLogger('silent');
  const choice = new ProviderRegistry(
    providers.map((provider) => ({ provider: new ResilientProvider(provider, logger), settings: {} })),
    [{ to: '', providers: providers.map(({ name }) => name) }],
    config.phoneRegion,
  );
  const recorder = nest.get(CallRecorder, { strict: false });
  const inquiry = new CallInquiry(database, recorder, logger);
  const catchUp = new CatchUp(database, choice, logger, nest.get(ChangeFeed, { strict: false }));
  const check = new OpenCallCheck(database, choice, inquiry, config, logger);
  const subAccounts = nest.get(SubAccountMaker, { strict: false });
  const refusals = nest.get(RefusalJournal, { strict: false });
  const spending = nest.get(Spending, { strict: false });
  const placement = new CallPlacement(
    database,
    choice,
    subAccounts,
    recorder,
    check,
    refusals,
    spending,
    config,
    logger,
  );
  return {
    sweeper: new Sweeper(database, recorder, inquiry, catchUp, choice, config, logger),
    catchUp,
    place: async (callerId, calleeId) => {
      const { callSid } = await placement.place(
        callerId,
        {
          callerPhone: '+8613900001001',
          calleePhone: '+8613800002000',
          callerExtension: null,
          calleeExtension: null,
          serviceLineId: null,
          lineCallsAtOnce: null,
          calleeSuppressed: false,
          callerSuppressed: false,
          linePhones: [],
          shown: NONE_SHOWN,
          freezes: [],
          subAccountId: () => 'account',
          subAccount: () => ({ externalId: 'account', secret: 'secret' }),
        },
        { calleeId, serviceLineId: null },
      );
      return callSid;
    },
  };
};

/** Makes a call older: moves every time in its record back. */
export const age = async ({ database }: Pick<TestApp, 'database'>, callSid: string, seconds: number): Promise<void> => {
  await database.query(
    `update call_records
     set requested_at = requested_at - passed, turn_at = turn_at - passed, sweep_at = sweep_at - passed,
       deadline_at = deadline_at - passed, cancel_ordered_at = cancel_ordered_at - passed,
       checked_until = checked_until - passed
     from (select $2 * interval '1 second' as passed) as time
     where call_sid = $1`,
    [callSid, seconds],
  );
};

/** Sets the time of the call's dial to now. So a slow machine does not make it older. */
export const markDialedNow = async ({ database }: Pick<TestApp, 'database'>, callSid: string): Promise<void> => {
  await database.query('update call_records set turn_at = now(), sweep_at = now() where call_sid = $1', [callSid]);
};
