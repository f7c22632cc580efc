/**
 * Nothing stays open (design rule 5). Looks for calls that have stayed in a state for longer than they may, or whose
 * dial was never settled, asks their provider, and closes them with the truth or, where nobody knows it, with `lost`.
 * Any number of replicas may sweep: looking at a call puts its next look off, and locked rows are skipped.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { runWithLogContext } from '../common/log-context.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { CONFIG, type Config } from '../config/config.js';
import { hotStatement } from '../database/hot-statement.js';
import { ProviderChoice } from '../telephony/provider-choice.js';
import type { ProviderCall, TelephonyProvider } from '../telephony/telephony-provider.js';
import { ASK_AGAIN_SECONDS, CANCEL_LEASE_SECONDS, GIVE_UP_SECONDS } from './call-limits.js';
import { StateType } from './call-lifecycle.js';
import { CallRecorder } from './call-recorder.js';
import { releaseCancel } from './cancel-claim.js';
import { IS_UNDIALED } from './provider-turn.js';

interface DueCall extends ProviderCall {
  readonly provider: string;
  readonly state: StateType;
  /** Past the longest stay in its state. */
  readonly overdue: boolean;
  /** Somebody was told that it is being hung up, and whoever was to do that has not been heard of again. */
  readonly cancelPending: boolean;
  /** Its turn at the provider never came: whoever waited for it died, or lost the database. */
  readonly isUndialed: boolean;
  /** Past it for so long that a provider which does not answer is asked no more. */
  readonly hopeless: boolean;
}

/** Calls that one sweep looks at, and how many of them at once. */
const BATCH = 100;
const AT_ONCE = 10;

const claimDue = hotStatement<DueCall>(
  'claim-due',
  `
with due as (
  select call_sid from call_record
  where state < 4 and sweep_at <= now()
  order by sweep_at
  limit ${BATCH}
  for update skip locked
), claimed as (
  update call_record set sweep_at = now() + interval '${ASK_AGAIN_SECONDS} seconds'
  from due where call_record.call_sid = due.call_sid
  returning call_record.*
)
select call_sid as "callSid", provider, provider_call_id as "providerCallId", state,
  coalesce(cancel_ordered_at <= now() - interval '${CANCEL_LEASE_SECONDS} seconds', false) as "cancelPending",
  ${IS_UNDIALED} as "isUndialed",
  deadline_at <= now() as overdue, deadline_at + interval '${GIVE_UP_SECONDS} seconds' <= now() as hopeless
from claimed
`,
);

/** The provider says that the call is going on within its time. */
const putOffSweep = hotStatement(
  'put-off-sweep',
  `update call_record
   set sweep_at = least(deadline_at, cancel_ordered_at + interval '${CANCEL_LEASE_SECONDS} seconds')
   where call_sid = $1`,
);

const stateNow = hotStatement<Pick<DueCall, 'state'>>('state-now', 'select state from call_record where call_sid = $1');

@Injectable()
export class Sweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<unknown> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    private readonly providers: ProviderChoice,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.schedule(0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.sweeping;
  }

  /** One look at everything that is due. @returns how many calls were looked at */
  async sweep(): Promise<number> {
    const due = await claimDue(this.database, []);
    for (let first = 0; first < due.length && !this.stopped; first += AT_ONCE) {
      await Promise.all(due.slice(first, first + AT_ONCE).map((call) => this.lookAt(call)));
    }
    return due.length;
  }

  private schedule(delayMs: number): void {
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep()
        .catch((error: unknown) => {
          this.logger.error({ error }, 'sweep failed');
        })
        .finally(() => {
          if (!this.stopped) this.schedule(this.config.sweepEverySeconds * 1000 * jitter());
        });
    }, delayMs);
  }

  private lookAt(call: DueCall): Promise<void> {
    return runWithLogContext({ callSid: call.callSid }, async () => {
      try {
        await this.settle(call);
      } catch (error) {
        this.logger.error({ error }, 'a call could not be settled');
      }
    });
  }

  private async settle(call: DueCall): Promise<void> {
    if (call.isUndialed) {
      await this.recorder.applyOwn(call.callSid, 'lost', { endReason: 'failed' });
      return;
    }
    const provider = this.providers.named(call.provider);
    if (provider && call.cancelPending && (await this.carryOutCancel(provider, call))) return;
    const status = provider && (await this.ask(provider, call));
    if (!provider || !status) {
      if (call.hopeless) await this.recorder.applyOwn(call.callSid, 'lost', { endReason: 'lost' });
      return;
    }
    if (status.kind === 'unknown') {
      // A provider that never spoke of the call has never placed it: nobody was rung. One that has, has forgotten it.
      const wasPlaced = call.providerCallId !== null || call.state > StateType.requested;
      await this.recorder.applyOwn(call.callSid, 'lost', { endReason: wasPlaced ? 'lost' : 'failed' });
      return;
    }
    for (const event of status.events) await this.recorder.apply(provider.name, event);
    if (status.events.some((event) => event.type === 'ended')) return;
    if (call.overdue) await this.expire(provider, call);
    else await putOffSweep(this.database, [call.callSid]);
  }

  private async ask(provider: TelephonyProvider, call: ProviderCall) {
    try {
      return await provider.fetchStatus(call);
    } catch (error) {
      this.logger.warn({ error, provider: provider.name }, 'the provider could not be asked');
      return undefined;
    }
  }

  /** @returns whether the call is over by it */
  private async carryOutCancel(provider: TelephonyProvider, call: DueCall): Promise<boolean> {
    const outcome = await provider.hangUp(call);
    if (outcome.kind === 'taken') await this.recorder.applyOwn(call.callSid, 'canceled', { endReason: 'canceled' });
    else await releaseCancel(this.database, call.callSid);
    return outcome.kind === 'taken';
  }

  /** The provider says that the call goes on. Unless it has only now moved on, that has been long enough. */
  private async expire(provider: TelephonyProvider, call: DueCall): Promise<void> {
    const [now] = await stateNow(this.database, [call.callSid]);
    if (now?.state !== call.state) return;
    this.logger.warn({ state: call.state }, 'a call has stayed too long and is hung up');
    const outcome = await provider.hangUp(call);
    if (outcome.kind === 'taken') await this.recorder.applyOwn(call.callSid, 'expired', { endReason: 'canceled' });
  }
}

/** Replicas that started together must not sweep together. */
const jitter = (): number => 0.8 + Math.random() * 0.4;
