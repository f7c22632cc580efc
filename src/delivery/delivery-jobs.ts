/**
 * Adds a job for each call with pending deliveries: after the commit of the change, for many calls at a time, in a
 * transaction that need not survive a crash (migration add-jobs-after-commit). A search finds jobs that a crash has
 * lost. Every few seconds it reads the recent deliveries, and one batch of all pending ones.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ChangeFeed } from '../call/updates/change-feed.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { preparedStatement } from '../postgres/prepared-statement.js';

const CALLS_AT_ONCE = 100;
/** Above this limit the search adds the jobs. */
const MAX_WAITING = 10_000;
const SEARCH_EVERY_MS = 4_000;
export const SEARCHED_AT_ONCE = 1_000;

const addJobs = preparedStatement('add-jobs', 'select webhook_add_jobs($1)');

/** The limit makes the planner use the key, however many jobs there are. */
const JOB_OF_DELIVERY = `
left join lateral (
  select id from graphile_worker._private_jobs
  where key = webhook_job_key(delivery.endpoint_id, delivery.call_sid) limit 1
) job on true`;
const IS_ENABLED = `exists (
    select from webhook_endpoint endpoint where endpoint.id = delivery.endpoint_id and endpoint.disabled_at is null)`;

/** For the first second the replica that made the change adds the job. The condition is that of webhook_delivery_recent. */
const findRecent = preparedStatement<{ callSid: string }>(
  'recent-without-job',
  `
select distinct call_sid as "callSid"
from (
  select endpoint_id, call_sid from webhook_delivery
  where settled_at is null and created_at between now() - interval '30 seconds' and now() - interval '1 second'
  order by created_at desc
  limit ${SEARCHED_AT_ONCE}
) delivery ${JOB_OF_DELIVERY}
where job.id is null and ${IS_ENABLED}
`,
);

interface Pending {
  readonly endpointId: string;
  readonly callSid: string;
  readonly isWithoutJob: boolean;
}

/** $1, $2: the endpoint's id and the callSid of the last delivery that was checked. */
const findNext = preparedStatement<Pending>(
  'pending-without-job',
  `
select endpoint_id as "endpointId", call_sid as "callSid", job.id is null and ${IS_ENABLED} as "isWithoutJob"
from (
  select endpoint_id, call_sid from webhook_delivery
  where state = 'pending' and (endpoint_id, call_sid) > ($1, $2)
  order by endpoint_id, call_sid, change_number
  limit ${SEARCHED_AT_ONCE}
) delivery ${JOB_OF_DELIVERY}
`,
);

const BEFORE_ALL = { endpointId: '0', callSid: '' };

@Injectable()
export class DeliveryJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly waiting = new Set<string>();
  private adding: Promise<void> | undefined;
  private searching: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private place = BEFORE_ALL;
  private isClosed = false;

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    feed: ChangeFeed,
  ) {
    feed.observe({
      onPublished: ({ data: { callSid } }) => {
        this.add(callSid);
      },
    });
  }

  onApplicationBootstrap(): void {
    this.searchLater(0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.searching;
    await this.adding;
  }

  /** Also for a call without deliveries: the statement checks that. */
  add(callSid: string): void {
    if (this.waiting.size >= MAX_WAITING) return;
    this.waiting.add(callSid);
    this.adding ??= this.addAll().finally(() => {
      this.adding = undefined;
    });
  }

  private async addAll(): Promise<void> {
    // Calls of one turn of the event loop share one statement.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const callSids = [...this.waiting].slice(0, CALLS_AT_ONCE);
      for (const callSid of callSids) this.waiting.delete(callSid);
      try {
        await addJobs(this.database, [callSids]);
      } catch (error) {
        this.logger.warn(
          { error, calls: callSids.length },
          'jobs of deliveries could not be added; they are searched for',
        );
      }
    }
  }

  private searchLater(ms: number): void {
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      this.searching = this.search().finally(() => {
        this.searchLater(SEARCH_EVERY_MS);
      });
    }, ms);
  }

  private async search(): Promise<void> {
    try {
      for (const { callSid } of await findRecent(this.database, [])) this.add(callSid);
      const pending = await findNext(this.database, [this.place.endpointId, this.place.callSid]);
      for (const { callSid, isWithoutJob } of pending) if (isWithoutJob) this.add(callSid);
      this.place = (pending.length === SEARCHED_AT_ONCE && pending.at(-1)) || BEFORE_ALL;
    } catch (error) {
      this.logger.warn({ error }, 'deliveries without a job could not be searched for yet');
    }
  }
}
