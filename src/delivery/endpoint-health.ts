/** What attempts say about their endpoint: whether it is failing, and whether it is to be disabled. */
import type { EntityManager } from 'typeorm';
import type { Logger } from '../common/logger.js';
import { FAILING_LIMIT_HOURS } from './delivery-limits.js';
import { removeJobs } from './delivery-sql.js';
import type { Answer } from './webhook-request.js';

/** With this status the receiver unsubscribes (Standard Webhooks). */
const GONE = 410;

/**
 * $1: the endpoint's id, $2: whether it answered 410. Writes nothing if nothing changes, because every failing call
 * runs it.
 */
const NOTE_FAILURE = `
update webhook_endpoint
set failing_since = coalesce(failing_since, now()),
  disabled_at = case when $2 or failing_since < limit_of.failing then now() end,
  disabled_reason = case
    when $2 then 'It answered ${GONE} Gone.'
    when failing_since < limit_of.failing then 'It has taken nothing for ${FAILING_LIMIT_HOURS} hours.' end
from (select now() - interval '${FAILING_LIMIT_HOURS} hours' as failing) limit_of
where id = $1 and disabled_at is null and ($2 or failing_since is null or failing_since < limit_of.failing)
returning disabled_reason as "disabledReason"
`;

/** @returns whether the endpoint is disabled by this answer */
export const disabledBy = async (
  database: EntityManager,
  endpointId: string,
  { status, error }: Pick<Answer, 'status' | 'error'>,
  logger: Logger,
): Promise<boolean> => {
  const [[noted]] = await database.query<[{ disabledReason: string | null }[], number]>(NOTE_FAILURE, [
    endpointId,
    status === GONE,
  ]);
  // A row is returned on a change only: when the endpoint begins to fail, and when it is disabled.
  if (!noted) return false;
  if (!noted.disabledReason) {
    logger.warn({ endpointId, status, error }, 'a webhook endpoint fails; deliveries to it are retried');
    return false;
  }
  await removeJobs(database, endpointId);
  logger.warn({ endpointId, reason: noted.disabledReason }, 'a webhook endpoint is disabled');
  return true;
};

/**
 * The endpoint has accepted something, or what it refused is given up. Otherwise, if nothing else waits for it, it would
 * count as failing until its next failure, and be disabled by that.
 */
export const noteEnd = async (
  database: EntityManager,
  endpointId: string,
  isAccepted: boolean,
  logger: Logger,
): Promise<void> => {
  const [, recovered] = await database.query<[unknown, number]>(
    'update webhook_endpoint set failing_since = null where id = $1 and failing_since is not null',
    [endpointId],
  );
  if (recovered > 0 && isAccepted) logger.info({ endpointId }, 'a webhook endpoint accepts again');
};
