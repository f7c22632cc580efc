/**
 * No call stays open for ever (design rule 5). The sweeper finds calls that are due: the dial was never settled, the
 * last status check was some time ago, or the call is past the longest stay in its state. It fetches the status from
 * the provider and closes the call with the result. If no status is available, it closes the call as `lost`. Any number
 * of replicas may sweep (due-calls.ts).
 * Each provider has its own lane, so a slow or hanging provider does not delay the calls of another.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { runWithLogContext } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { counter } from '../../common/metrics.js';
import { inSpan } from '../../common/tracing.js';
import { CONFIG, type Config } from '../../config/config.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import { keepPace } from './ask-pace.js';
import { CallInquiry, type Answer } from './call-inquiry.js';
import { CallRecorder } from '../call-recorder.js';
import { inTraceOfCall } from '../record/call-trace.js';
import { CatchUp } from './catch-up.js';
import { claimDue, claimDueOfOthers, putOffSweep, type DueCall, type DueCalls } from './due-calls.js';
import { canceledFacts } from '../cancel/cancel-claim.js';
import { orderHangUp } from '../cancel/order-hang-up.js';
import { carryOutCancel, type CancelTools } from '../cancel/ordered-cancel.js';

/** At 0.5 s per reply this is 100 calls a second. */
const AT_ONCE = 50;
/** Calls per claim. They are checked before they are due again. */
const BATCH = AT_ONCE / 2;

const checks = counter({
  name: 'ringback_sweeper_checks_total',
  help: 'Open calls that the sweeper has checked, by what the provider answered or what the sweeper did.',
  labelNames: ['provider', 'outcome'],
});

/**
 * never_dialed: closed without a request to the provider. no_provider: it is not configured any more. canceled: an ordered
 * cancel was carried out. expired: hung up, because the call was past its limit.
 */
type CheckOutcome = Answer | 'never_dialed' | 'no_provider' | 'canceled' | 'expired';

/** The calls of one provider; `null`: those of all providers that are no longer configured. */
interface Lane {
  readonly provider: ResilientProvider | null;
  timer?: NodeJS.Timeout;
  sweeping?: Promise<void>;
  hasFailed?: boolean;
}

@Injectable()
export class Sweeper implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly lanes: readonly Lane[];
  private readonly stop = new AbortController();
  private readonly tools: CancelTools;

  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    private readonly inquiry: CallInquiry,
    private readonly catchUp: CatchUp,
    private readonly providers: ProviderRegistry,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.lanes = [...providers.all, null].map((provider) => ({ provider }));
    this.tools = { database, recorder, logger };
  }

  onApplicationBootstrap(): void {
    for (const lane of this.lanes) this.schedule(lane, 0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    for (const { timer } of this.lanes) clearTimeout(timer);
    await Promise.all(this.lanes.map(async ({ sweeping }) => sweeping));
  }

  /**
   * Checks every call that is due once.
   * @returns the number of calls checked
   */
  async sweep(): Promise<number> {
    const looked = await Promise.all(this.lanes.map(({ provider }) => this.sweepLane(provider)));
    return looked.reduce((sum, count) => sum + count);
  }

  private schedule(lane: Lane, delayMs: number): void {
    lane.timer = setTimeout(() => {
      lane.sweeping = this.sweepInTime(lane).finally(() => {
        if (!this.stop.signal.aborted) this.schedule(lane, this.config.sweepEverySeconds * 1000 * jitter());
      });
    }, delayMs);
  }

  private async sweepInTime(lane: Lane): Promise<void> {
    try {
      await this.sweepLane(lane.provider);
      // Webhooks were lost as well while the database was unreachable.
      if (lane.hasFailed && lane.provider) this.catchUp.askAbout(lane.provider.name);
      lane.hasFailed = false;
    } catch (error) {
      this.logger.error({ error, provider: lane.provider?.name }, 'sweep failed');
      lane.hasFailed = true;
    }
  }

  /** Continues while claims return full batches. */
  private async sweepLane(provider: ResilientProvider | null): Promise<number> {
    const inFlight = new Set<Promise<void>>();
    let looked = 0;
    let hasMore = true;
    if (provider) await keepPace(this.database, provider.name);
    try {
      while (hasMore && !this.stop.signal.aborted) {
        while (inFlight.size > AT_ONCE - BATCH) await Promise.race(inFlight);
        const { calls, waitMs } = await this.claim(provider);
        let placeAt = performance.now() + waitMs;
        // Other replicas have reserved the slots of the next second.
        if (calls.length === 0 && waitMs > 0) await this.pauseUntil(placeAt);
        else if (calls.length < BATCH) hasMore = false;
        for (const call of calls) {
          await this.pauseUntil(placeAt);
          placeAt += 1000 / (provider?.asksPerSecond ?? Infinity);
          const look = this.lookAt(call);
          inFlight.add(look);
          void look.finally(() => inFlight.delete(look));
        }
        looked += calls.length;
      }
    } finally {
      await Promise.all(inFlight);
    }
    return looked;
  }

  private async claim(provider: ResilientProvider | null): Promise<DueCalls> {
    if (provider) return claimDue(this.database, provider, BATCH, this.config);
    const configured = this.providers.all.map(({ name }) => name);
    return { calls: await claimDueOfOthers(this.database, configured, BATCH), waitMs: 0 };
  }

  /** Returns early when the process stops. */
  private async pauseUntil(time: number): Promise<void> {
    const ms = time - performance.now();
    if (ms > 0) await sleep(ms, undefined, { signal: this.stop.signal }).catch(() => undefined);
  }

  /** Never throws. A call that is skipped because the process stops is due again soon. */
  private lookAt(call: DueCall): Promise<void> {
    return runWithLogContext({ callSid: call.callSid }, async () => {
      if (this.stop.signal.aborted) return;
      await this.logged('a call could not be settled', async () => {
        const outcome = await inTraceOfCall(this.database, call.callSid, () =>
          inSpan('sweep', { attributes: { 'ringback.provider': call.provider } }, () => this.settle(call)),
        );
        checks.inc({ provider: call.provider, outcome });
      });
      if (call.pastGrace) await this.logged('a call could not be closed', () => this.closePastGrace(call));
    });
  }

  private async logged(text: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.logger.error({ error }, text);
    }
  }

  private async settle(call: DueCall): Promise<CheckOutcome> {
    if (call.notYetDialed && call.cancelPending) {
      await this.recorder.applyOwn(call.callSid, 'canceled', canceledFacts(call.cancelOrderedBy));
      return 'canceled';
    }
    if (call.notYetDialed) {
      await this.recorder.applyOwn(call.callSid, 'lost', {
        endReason: 'failed',
        detail: { why: 'the provider was never asked to dial' },
      });
      return 'never_dialed';
    }
    const provider = this.providers.named(call.provider);
    if (!provider) return 'no_provider';
    if (call.cancelPending && (await carryOutCancel(this.tools, provider, call))) return 'canceled';
    const answer = await this.inquiry.ask(provider, call);
    if (answer === 'over' || answer === 'unanswered') return answer;
    if (!call.pastDeadline) await putOffSweep(this.database, call.callSid);
    else if (answer === 'open' && (await this.expire(provider, call))) return 'expired';
    return answer;
  }

  /** Closes the call regardless of its provider's reply, unless its state has changed since the claim. */
  private async closePastGrace(call: DueCall): Promise<void> {
    if ((await this.recorder.stateOf(call.callSid)) !== call.state) return;
    await this.recorder.applyOwn(call.callSid, 'lost', {
      endReason: 'lost',
      detail: { why: 'its limit and the grace are over, and the provider has not ended it' },
    });
  }

  /**
   * The provider reports that the call goes on. If its state has not changed since the claim, it is past its limit and
   * is hung up.
   */
  private async expire(provider: ResilientProvider, call: DueCall): Promise<boolean> {
    if ((await this.recorder.stateOf(call.callSid)) !== call.state) return false;
    this.logger.warn({ state: call.state }, 'a call has stayed too long and is hung up');
    const outcome = await orderHangUp(this.tools, provider, call);
    if (outcome?.kind !== 'taken') return false;
    await this.recorder.applyOwn(call.callSid, 'expired', { endReason: 'canceled' });
    return true;
  }
}

/** Replicas that start together must not sweep together. */
const jitter = (): number => 0.8 + Math.random() * 0.4;
