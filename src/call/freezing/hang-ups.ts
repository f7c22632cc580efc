/** Hangs up the running calls that a freeze would stop. The sweeper of any replica carries out the orders, at each provider's pace. */
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CONFIG, type Config } from '../../config/config.js';
import { NOW_MS } from '../../postgres/now-ms.js';
import { stopsCallee, stopsCaller, type Freeze } from '../../protection/freezes.js';
import { CANCEL_LEASE_SECONDS } from '../record/call-limits.js';
import { userIdIn } from '../record/party-id.js';

interface OpenCall {
  readonly callSid: string;
  readonly callerId: string | null;
  readonly account: string;
  readonly callerPhone: string;
  readonly calleePhone: string;
}

const OPEN_CALLS = `
select call_sid as "callSid", ${userIdIn('caller_id')} as "callerId", split_part(provider, '@', 1) || '/' || sub_account as account,
  caller_phone as "callerPhone", callee_phone as "calleePhone"
from call_records where state < 4`;

/**
 * The order looks like one whose process has crashed, so the next sweep carries it out. In the order of the calls, so two
 * freezes never wait for each other.
 */
const ORDER = `
update call_records
set cancel_ordered_at = ${NOW_MS} - interval '${CANCEL_LEASE_SECONDS} seconds', cancel_ordered_by = 'admin', sweep_at = ${NOW_MS}
where call_sid = any (array(
  select call_sid from call_records
  where call_sid = any ($1) and state < 4 and cancel_ordered_at is null
  order by call_sid for update
))
returning call_sid`;

@Injectable()
export class HangUps {
  constructor(@Inject(CONFIG) private readonly config: Pick<Config, 'phoneRegion'>) {}

  /** @returns how many calls will be hung up */
  async order(database: EntityManager, freeze: Freeze): Promise<number> {
    const open = await database.query<OpenCall[]>(OPEN_CALLS);
    const callSids = open.filter((call) => this.isStopped(freeze, call)).map(({ callSid }) => callSid);
    const [, ordered] = await database.query<[unknown, number]>(ORDER, [callSids]);
    return ordered;
  }

  private isStopped(freeze: Freeze, { account, ...call }: OpenCall): boolean {
    const parties = { ...call, accounts: [account] };
    const { phoneRegion } = this.config;
    return stopsCaller(freeze, parties, phoneRegion) || stopsCallee(freeze, parties, phoneRegion);
  }
}
