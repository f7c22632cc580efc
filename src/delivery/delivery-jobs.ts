/**
 * Adds a job for each call with pending deliveries: after the commit of the change, for many calls at a time, in a
 * transaction that need not survive a crash (migration add-jobs-after-commit). A search finds jobs that a crash has
 * lost. Every few seconds it reads the recent deliveries, and one batch of all pending ones of each endpoint.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ChangeFeed } from '../call/updates/change-feed.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { preparedStatement } from '../postgres/prepared-statement.js';

export const CALLS_AT_ONCE = 100;
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

/** For the first second the replica that made the change adds the job. The condition is that of webhook_deliveries_recent. */
const findRecent = preparedStatement<{ callSid: string }>(
  'recent-without-job',
  `
select distinct call_sid as "callSid"
from (
  select endpoint_id, call_sid from webhook_deliveries
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

/**
 * $1, $2: for some endpoints, the callSid of the last delivery that was checked. Each endpoint has its own place, so that
 * none waits for the backlog of another.
 */
const findNext = preparedStatement<Pending>(
  'pending-without-job',
  `
select delivery.endpoint_id as "endpointId", delivery.call_sid as "callSid", job.id is null as "isWithoutJob"
from webhook_endpoint endpoint
left join unnest($1::bigint[], $2::text[]) as place (endpoint_id, call_sid) on place.endpoint_id = endpoint.id
cross join lateral (
  select endpoint_id, call_sid from webhook_deliveries
  where endpoint_id = endpoint.id and state = 'pending' and call_sid > coalesce(place.call_sid, '')
  order by call_sid, change_number
  limit ${SEARCHED_AT_ONCE}
) delivery ${JOB_OF_DELIVERY}
where endpoint.disabled_at is null
`,
);

/** Where the next search goes on. An endpoint without a place begins anew. */
const placesAfter = (found: readonly Pending[]): ReadonlyMap<string, string> => {
  const checked = new Map<string, { readonly count: number; readonly last: string }>();
  for (const { endpointId, callSid } of found) {
    const { count, last } = checked.get(endpointId) ?? { count: 0, last: '' };
    checked.set(endpointId, { count: count + 1, last: callSid > last ? callSid : last });
  }
  const unfinished = [...checked].filter(([, { count }]) => count === SEARCHED_AT_ONCE);
  return new Map(unfinished.map(([endpointId, { last }]) => [endpointId, last]));
};

@Injectable()
export class DeliveryJobs implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly waiting = new Set<string>();
  private adding: Promise<void> | undefined;
  private searching: Promise<void> | undefined;
  private timer: NodeJS.Timeout | undefined;
  private places: ReadonlyMap<string, string> = new Map();
  private isClosed = false;

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    feed: ChangeFeed,
  ) {
    feed.observe({
      onPublished: ({ data: { callSid } }, needsJobs) => {
        if (needsJobs) this.add(callSid);
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
      const pending = await findNext(this.database, [[...this.places.keys()], [...this.places.values()]]);
      for (const { callSid, isWithoutJob } of pending) if (isWithoutJob) this.add(callSid);
      this.places = placesAfter(pending);
    } catch (error) {
      this.logger.warn({ error }, 'deliveries without a job could not be searched for yet');
    }
  }
}
