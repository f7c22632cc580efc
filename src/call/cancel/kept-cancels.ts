/**
 * Keeps a cancel whose call the provider does not find yet, because the reply to the dial is outstanding or was lost.
 * The cancel is on record. It is executed as soon as the provider's id is known, from the reply, an event or the
 * sweeper. If this process crashes, the sweeper of another replica executes it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { runWithLogContext } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { CANCEL_LEASE_SECONDS } from '../record/call-limits.js';
import { CallRecorder } from '../call-recorder.js';
import type { CancelAuthor } from './cancel-claim.js';
import { carryOutCancel } from './ordered-cancel.js';

const LOOK_AGAIN_MS = 500;

interface CanceledCall {
  readonly provider: string;
  readonly providerCallId: string | null;
  readonly cancelOrderedBy: CancelAuthor;
}

const findCanceled = preparedStatement<CanceledCall>(
  'kept-cancel',
  `select provider, provider_call_id as "providerCallId", cancel_ordered_by as "cancelOrderedBy" from call_records
   where call_sid = $1 and state < 4 and cancel_ordered_at is not null`,
);

@Injectable()
export class KeptCancels implements BeforeApplicationShutdown {
  /** By callSid. At most one per caller, because a caller has at most one open call. */
  private readonly kept = new Map<string, Promise<void>>();
  private readonly stop = new AbortController();

  constructor(
    private readonly database: DataSource,
    private readonly recorder: CallRecorder,
    private readonly providers: ProviderRegistry,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.kept.values());
  }

  keep(callSid: string): void {
    if (this.kept.has(callSid)) return;
    const followed = runWithLogContext({ callSid }, () => this.follow(callSid))
      .catch((error: unknown) => {
        this.logger.warn({ error }, 'a kept cancel is left to the sweeper');
      })
      .finally(() => this.kept.delete(callSid));
    this.kept.set(callSid, followed);
  }

  /** Polls until the call is over or the provider's id is known. When the claim has expired, the sweeper takes over. */
  private async follow(callSid: string): Promise<void> {
    const until = performance.now() + CANCEL_LEASE_SECONDS * 1000;
    while (performance.now() < until && !this.stop.signal.aborted) {
      await sleep(LOOK_AGAIN_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      const [call] = await findCanceled(this.database, [callSid]);
      if (!call) return;
      const provider = this.providers.named(call.provider);
      if (call.providerCallId === null || !provider) continue;
      const tools = { database: this.database, recorder: this.recorder, logger: this.logger };
      await carryOutCancel(tools, provider, { ...call, callSid });
      return;
    }
  }
}
