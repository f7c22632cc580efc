/**
 * Freezes the users whose calls meet a rule. One replica at a time looks at the users who have placed a call, or were refused
 * one, since the last look. A look reads the record, so nothing of it is lost with a process.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { targetOf } from '../../audit/target.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { RepeatedWork } from '../../common/repeated-work.js';
import { takeTurn } from '../../postgres/take-turn.js';
import { CONFIG, type Config } from '../../config/config.js';
import type { Freeze } from '../../directory/freeze.entity.js';
import { CLOCK_TOLERANCE_MS, minCallSidAt } from '../record/call-sid.js';
import { INSERT_FREEZE } from './freezes.service.js';
import { findSuspicious, type Suspicion } from './suspicious-users.js';

const LOOK_EVERY_MS = 2_000;
/** Before the last look of this process, or before now at the first: what another one may have left. */
const LOOK_BACK_MS = 2_000;

/** $1: the time, $2: a callSid that is less than all of calls requested since then */
const RECENT_CALLERS = `
select distinct caller_id as id from (
  select caller_id from call_records where call_sid >= $2 and requested_at >= $1
  union all
  select caller_id from call_refusal where at >= $1
) recent
where caller_id > 0 and not exists (
  select from call_freeze where kind = 'user' and subject = caller_id::text and lifted_at is null
)`;

@Injectable()
export class FreezeWatch implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly looks = new RepeatedWork(
    LOOK_EVERY_MS,
    () => this.look(),
    (error) => {
      this.logger.warn({ error }, 'the rules that freeze users cannot be applied at the moment');
    },
  );
  /** By the database's clock. */
  private lastLookAt: Date | undefined;

  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Pick<Config, 'freezeRules' | 'phoneRegion'>,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    if (Object.values(this.config.freezeRules).some((limit) => limit !== null)) this.looks.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.looks.stop();
  }

  /** Looks once, unless another replica is looking. */
  async look(): Promise<void> {
    const found = await this.database.transaction((database) => this.findSuspicious(database));
    for (const suspicion of found) await this.freeze(suspicion);
  }

  private async findSuspicious(database: EntityManager): Promise<Suspicion[]> {
    const now = await takeTurn(database, 'freeze rules');
    if (now === null) return [];
    const since = new Date((this.lastLookAt ?? now).getTime() - LOOK_BACK_MS);
    const least = minCallSidAt(new Date(since.getTime() - CLOCK_TOLERANCE_MS));
    const users = await database.query<{ id: string }[]>(RECENT_CALLERS, [since, least]);
    this.lastLookAt = now;
    if (users.length === 0) return [];
    const { freezeRules, phoneRegion } = this.config;
    const ids = users.map(({ id }) => id);
    return findSuspicious(database, ids, freezeRules, { now, region: phoneRegion });
  }

  private async freeze({ userId, rule, reason }: Suspicion): Promise<void> {
    const frozenBy = `rule ${rule}`;
    const author: Author = {
      subject: frozenBy,
      tokenId: null,
      apiKeyId: null,
      action: 'freezeByRule',
      route: '',
      address: '',
      requestId: '',
    };
    const isNew = await this.audit.change(author, async (database) => {
      const [freeze] = await database.query<Freeze[]>(INSERT_FREEZE, ['user', userId, reason, frozenBy]);
      // Otherwise, an administrator has frozen the user meanwhile, or another rule has.
      const entry = freeze && {
        target: targetOf('freeze', freeze.id),
        after: { kind: 'user', subject: userId, reason },
      };
      return { result: freeze !== undefined, entry: entry ?? { target: targetOf('user', userId) } };
    });
    if (isNew) this.logger.warn({ userId, rule, reason }, 'a user’s calls are frozen by a rule');
  }
}
