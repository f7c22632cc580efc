/**
 * Everything that is known about one call. Record, timeline and deliveries come from the database. Requests to providers and
 * log lines come from this process's memory: another replica may have placed the call, and has its own.
 */
import { Injectable } from '@nestjs/common';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { requireScope } from '../../auth/access.js';
import type { Principal } from '../../auth/access-token.js';
import { CallHistoryService, type CallHistory, type TimelineEvent } from '../../call/search/call-history.service.js';
import { RecentLines } from '../../common/recent-lines.js';
import type { DeliveryOfCall } from '../../delivery/deliveries-of-call.js';
import { DeliveryService } from '../../delivery/delivery.service.js';
import type { ProviderRequest } from '../../telephony/provider-request.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { attemptsOf, hangUpOf, legsOf, type HangUp, type Legs, type ProviderAttempt } from './call-legs.js';
import { withMaskedNumbers } from '../../common/masked-numbers.js';

export interface CallBundle {
  readonly call: Omit<CallHistory, 'events'>;
  /** Null if the call was placed without traces. */
  readonly traceId: string | null;
  readonly hangUp: HangUp;
  readonly legs: Legs;
  readonly routing: {
    /** As configured now. Null if no route matches the number any more. */
    readonly route: string | null;
    readonly providers: readonly string[];
    readonly attempts: readonly ProviderAttempt[];
  };
  readonly timeline: readonly TimelineEvent[];
  readonly deliveries: readonly DeliveryOfCall[];
  readonly ofThisReplica: {
    readonly since: Date;
    readonly providerRequests: readonly ProviderRequest[];
    readonly logLines: readonly Readonly<Record<string, unknown>>[];
  };
}

/** Before it, this process knows nothing. */
const SINCE = new Date();

@Injectable()
export class CallBundles {
  constructor(
    private readonly history: CallHistoryService,
    private readonly deliveries: DeliveryService,
    private readonly providers: ProviderRegistry,
    private readonly lines: RecentLines,
    private readonly audit: AuditTrail,
  ) {}

  async masked(callSid: string): Promise<CallBundle> {
    const bundle = await this.read(callSid);
    const { callerPhone, calleePhone, huntedPhones } = bundle.call;
    const phones = [callerPhone, calleePhone, ...(huntedPhones ?? []), ...shownIn(bundle.timeline)];
    return withMaskedNumbers(bundle, phones);
  }

  /** @throws AppError FORBIDDEN without the scope admin:numbers */
  async full(callSid: string, caller: Principal, author: Author): Promise<CallBundle> {
    requireScope(caller, 'admin:numbers');
    return this.audit.read(author, this.read(callSid), () => ({
      target: targetOf('call', callSid),
      detail: { full: true },
    }));
  }

  private async read(callSid: string): Promise<CallBundle> {
    const history = await this.history.find(callSid);
    const deliveries = await this.deliveries.ofCall(callSid);
    const { events: timeline, ...call } = history;
    const route = this.providers.routeTo(call.calleePhone);
    return {
      call,
      traceId: await this.history.traceIdOf(callSid),
      hangUp: hangUpOf(history),
      legs: legsOf(history),
      routing: {
        route: route?.to ?? null,
        providers: route?.providers.map(({ name }) => name) ?? [],
        attempts: attemptsOf(history),
      },
      timeline,
      deliveries,
      ofThisReplica: {
        since: SINCE,
        providerRequests: this.providers.recentRequests(callSid),
        logLines: this.lines.of(callSid),
      },
    };
  }
}

/** The numbers that the phones were to show. */
const shownIn = (timeline: readonly TimelineEvent[]): string[] =>
  timeline
    .filter(({ type }) => type === 'requested')
    .flatMap(({ detail }) => Object.values((detail?.shown ?? {}) as Readonly<Record<string, string>>));
