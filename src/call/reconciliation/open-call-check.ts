/**
 * A caller may have an open call only because the webhook of its end was lost. So before a new call is refused, or
 * answered with the open call's callSid, the status of the open call is fetched from its provider. This costs the
 * provider one request every few seconds, however often the caller asks and on however many replicas.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { LOGGER, type Logger } from '../../common/logger.js';
import { CONFIG, type Config } from '../../config/config.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import { ORDER_LIMIT_MS } from '../../telephony/resilient-provider.js';
import { ProviderRegistry } from '../../telephony/provider-registry.js';
import { reserveAsk } from './ask-pace.js';
import { CallInquiry, type CallInQuestion } from './call-inquiry.js';
import { CHECK_AGAIN_SECONDS, DOUBLE_TAP_SECONDS } from '../record/call-limits.js';
import { StateType } from '../record/call-lifecycle.js';
import { isFresh } from './due-calls.js';
import { NOT_YET_DIALED } from '../record/not-yet-dialed.js';

/** Longer than a check: the wait for the time slot, and the provider's reply. */
const LEASE_SECONDS = ORDER_LIMIT_MS / 1000 + 5;
/** How often a replica polls whether another one's check has ended. */
const LOOK_AGAIN_MS = 200;

/** If the call is not to be checked now, all fields except `state` and `isBeingChecked` are null. */
interface CallToCheck extends CallInQuestion {
  readonly provider: string | null;
  readonly isBeingChecked: boolean;
}

/** The earliest time of a check. Before it, a dial may be in flight, or has been settled only just now. */
const CHECKED_FROM = `coalesce(turn_at, requested_at) + interval '1 second' * case
  when state > 1 then 0
  when provider_call_id is null then $2::float8 + ${DOUBLE_TAP_SECONDS}
  else ${DOUBLE_TAP_SECONDS} end`;

/**
 * 1. `claim`: takes the lease of the check, if it is due. A settled call that is too recent for a check instead gets
 *    its next sweep at the earliest time of a check.
 * 2. Returns the call; its claim columns are null if this request did not take the lease.
 */
const claim = preparedStatement<CallToCheck>(
  'claim-check',
  `
with claim as (
  update call_records
  set checked_until = case
      when ${CHECKED_FROM} <= now() then now() + interval '${LEASE_SECONDS} seconds' else checked_until end,
    sweep_at = case when ${CHECKED_FROM} <= now() then sweep_at else ${CHECKED_FROM} end
  where call_sid = $1 and state < 4 and not (${NOT_YET_DIALED}) and case
    when ${CHECKED_FROM} <= now()
    then coalesce(checked_until <= ${NOW_MS} - interval '${CHECK_AGAIN_SECONDS} seconds', true)
    else provider_call_id is not null and sweep_at > (${CHECKED_FROM})::timestamptz(3) end
  returning call_sid, provider, provider_call_id,
    ${isFresh('$3::float8', '$2::float8')} as is_fresh,
    checked_until > now() as is_claimed
)
select call.call_sid as "callSid", claim.provider, claim.provider_call_id as "providerCallId", call.state,
  claim.is_fresh as "isFresh", coalesce(call.checked_until > ${NOW_MS}, false) as "isBeingChecked"
from call_records call left join claim on claim.is_claimed
where call.call_sid = $1
`,
);

const release = preparedStatement('release-check', 'update call_records set checked_until = now() where call_sid = $1');

const lookAtCheck = preparedStatement<Pick<CallToCheck, 'state' | 'isBeingChecked'>>(
  'look-at-check',
  `select state, coalesce(checked_until > ${NOW_MS}, false) as "isBeingChecked" from call_records where call_sid = $1`,
);

interface Check {
  readonly isOver: Promise<boolean>;
  /** By performance.now(). Requests that join later get no additional time. */
  readonly until: number;
}

@Injectable()
export class OpenCallCheck {
  private readonly checks = new Map<string, Check>();

  constructor(
    private readonly database: DataSource,
    private readonly providers: ProviderRegistry,
    private readonly inquiry: CallInquiry,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Whether the record is closed now. Returns false if that is not known within DIAL_TIMEOUT. */
  async isOver(callSid: string): Promise<boolean> {
    const check = this.checks.get(callSid) ?? this.begin(callSid);
    const limit = new AbortController();
    const tooLate = sleep(Math.max(0, check.until - performance.now()), false, { signal: limit.signal });
    try {
      return await Promise.race([check.isOver, tooLate.catch(() => false)]);
    } finally {
      limit.abort();
    }
  }

  private begin(callSid: string): Check {
    const until = performance.now() + this.config.dialTimeoutSeconds * 1000;
    const isOver = this.check(callSid, until)
      .catch((error: unknown) => {
        this.logger.warn({ error, callSid }, 'the open call could not be checked');
        return false;
      })
      .finally(() => this.checks.delete(callSid));
    const check = { isOver, until };
    this.checks.set(callSid, check);
    return check;
  }

  private async check(callSid: string, until: number): Promise<boolean> {
    const [call] = await claim(this.database, [
      callSid,
      this.config.dialTimeoutSeconds,
      this.config.longestRequestedSeconds,
    ]);
    if (!call || call.state === StateType.over) return true;
    if (call.provider !== null) return this.ask(call.provider, call);
    if (call.isBeingChecked) return this.followOther(callSid, until);
    // The claim may have waited for that of another replica, and still shows the call as it was before.
    const [now] = await lookAtCheck(this.database, [callSid]);
    if (!now || now.state === StateType.over) return true;
    return now.isBeingChecked && this.followOther(callSid, until);
  }

  private async ask(providerName: string, call: CallInQuestion): Promise<boolean> {
    try {
      const provider = this.providers.named(providerName);
      const waitMs = provider ? await reserveAsk(this.database, provider) : null;
      if (!provider || waitMs === null) return false;
      await sleep(waitMs);
      const answer = await this.inquiry.ask(provider, call);
      if (answer === 'over')
        this.logger.warn({ callSid: call.callSid }, 'the event that ended the open call was not received');
      return answer === 'over';
    } finally {
      await release(this.database, [call.callSid]);
    }
  }

  private async followOther(callSid: string, until: number): Promise<boolean> {
    for (;;) {
      await sleep(LOOK_AGAIN_MS);
      const [call] = await lookAtCheck(this.database, [callSid]);
      if (!call || call.state === StateType.over) return true;
      if (!call.isBeingChecked || performance.now() > until) return false;
    }
  }
}
