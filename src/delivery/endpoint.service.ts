import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { DataSource, QueryFailedError, type EntityManager } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { changedFields } from '../audit/masked-facts.js';
import { targetOf } from '../audit/target.js';
import { AppError } from '../common/error-table.js';
import { isLong } from '../common/long.js';
import { badCursor, pageOf, type Page, type PageRequest } from '../common/page.js';
import { PREVIOUS_SECRET_HOURS } from './delivery-limits.js';
import { removeJobs } from './delivery-sql.js';
import { EndpointUrlCheck } from './endpoint-url-check.js';
import type { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** An endpoint without its secrets. */
export type ShownEndpoint = Readonly<
  Omit<WebhookEndpoint, 'secret' | 'previousSecret' | 'previousSecretUntil'> & { enabled: boolean }
>;

export interface NewSecret {
  readonly secret: string;
}

/** Absent fields stay unchanged. */
export interface EndpointChange {
  readonly url?: string | undefined;
  readonly eventTypes?: WebhookEndpoint['eventTypes'] | undefined;
  readonly enabled?: boolean | undefined;
}

const SHOWN = `
  id, url, event_types as "eventTypes", disabled_at is null as enabled, created_at as "createdAt",
  failing_since as "failingSince", disabled_at as "disabledAt", disabled_reason as "disabledReason"`;

export const noSuchEndpoint = (): AppError => new AppError('NOT_FOUND', { detail: 'There is no such endpoint.' });

/** Manages the webhook endpoints of the app's backend. */
@Injectable()
export class EndpointService {
  constructor(
    private readonly database: DataSource,
    private readonly urls: EndpointUrlCheck,
    private readonly audit: AuditTrail,
  ) {}

  /** @returns the endpoint with its secret, which is returned only here */
  async create(
    { url, eventTypes }: Pick<WebhookEndpoint, 'url' | 'eventTypes'>,
    author: Author,
  ): Promise<ShownEndpoint & NewSecret> {
    const where = await this.urls.normalized(url);
    const secret = newSecret();
    return this.audit.change(author, async (database) => {
      const [endpoint] = await database
        .query<[ShownEndpoint]>(
          `insert into webhook_endpoint (url, event_types, secret) values ($1, $2, $3) returning ${SHOWN}`,
          [where, eventTypes, secret],
        )
        .catch(throwWithoutSecret);
      return {
        result: { ...endpoint, secret },
        entry: { target: targetOf('webhook-endpoint', endpoint.id), after: factsOf(endpoint) },
      };
    });
  }

  async find(id: string): Promise<ShownEndpoint> {
    const [endpoint] = isLong(id)
      ? await this.database.query<ShownEndpoint[]>(`select ${SHOWN} from webhook_endpoint where id = $1`, [id])
      : [];
    if (!endpoint) throw noSuchEndpoint();
    return endpoint;
  }

  async list({ after, limit }: PageRequest): Promise<Page<ShownEndpoint>> {
    if (after !== undefined && !isLong(after)) throw badCursor();
    const rows = await this.database.query<ShownEndpoint[]>(
      `select ${SHOWN} from webhook_endpoint where id > $1 order by id limit $2`,
      [after ?? '0', limit + 1],
    );
    return pageOf(rows, limit, ({ id }) => id);
  }

  /**
   * When an endpoint is enabled or its URL changes, its pending deliveries are retried immediately. An endpoint that an
   * administrator disables no longer counts as failing, so that no alert goes on.
   */
  async change(id: string, { url, eventTypes, enabled }: EndpointChange, author: Author): Promise<ShownEndpoint> {
    if (!isLong(id)) throw noSuchEndpoint();
    const where = url === undefined ? null : await this.urls.normalized(url);
    return this.audit.change(author, async (database) => {
      const before = await lockedEndpoint(database, id);
      const [[endpoint]] = await database.query<[[ShownEndpoint], number]>(
        `update webhook_endpoint
         set url = coalesce($2, url),
           event_types = case when $3 then $4::text[] else event_types end,
           disabled_at = case when $5 then null when not $5 then coalesce(disabled_at, now()) else disabled_at end,
           disabled_reason = case
             when $5 then null
             when not $5 then coalesce(disabled_reason, 'An administrator disabled it.')
             else disabled_reason end,
           failing_since = case when $5 is null and $2 is null then failing_since end
         where id = $1
         returning ${SHOWN}`,
        [id, where, eventTypes !== undefined, eventTypes ?? null, enabled ?? null],
      );
      if (!endpoint.enabled) await removeJobs(database, id);
      if (endpoint.enabled && (enabled || where !== null)) {
        await database.query(
          `select graphile_worker.add_job('resume', json_build_object('endpointId', $1::text), job_key => 'resume:' || $1)`,
          [id],
        );
      }
      const changed = changedFields(factsOf(before), factsOf(endpoint));
      return { result: endpoint, entry: { target: targetOf('webhook-endpoint', id), ...changed } };
    });
  }

  /** The previous secret still signs for a while, beside the new one. */
  async rotateSecret(id: string, author: Author): Promise<NewSecret & { readonly previousSecretUntil: Date }> {
    if (!isLong(id)) throw noSuchEndpoint();
    const secret = newSecret();
    return this.audit.change(author, async (database) => {
      const [[endpoint]] = await database
        .query<[{ previousSecretUntil: Date }[], number]>(
          `update webhook_endpoint
           set secret = $2, previous_secret = secret,
             previous_secret_until = now() + interval '${PREVIOUS_SECRET_HOURS} hours'
           where id = $1
           returning previous_secret_until as "previousSecretUntil"`,
          [id, secret],
        )
        .catch(throwWithoutSecret);
      if (!endpoint) throw noSuchEndpoint();
      return {
        result: { secret, ...endpoint },
        entry: { target: targetOf('webhook-endpoint', id), detail: { ...endpoint } },
      };
    });
  }

  /** Its deliveries are no longer listed, and are removed within the hour. */
  async remove(id: string, author: Author): Promise<void> {
    if (!isLong(id)) throw noSuchEndpoint();
    await this.audit.change(author, async (database) => {
      const before = await lockedEndpoint(database, id);
      await database.query('delete from webhook_endpoint where id = $1', [id]);
      await removeJobs(database, id);
      return { result: undefined, entry: { target: targetOf('webhook-endpoint', id), before: factsOf(before) } };
    });
  }
}

const lockedEndpoint = async (database: EntityManager, id: string): Promise<ShownEndpoint> => {
  const [endpoint] = await database.query<ShownEndpoint[]>(
    `select ${SHOWN} from webhook_endpoint where id = $1 for update`,
    [id],
  );
  if (!endpoint) throw noSuchEndpoint();
  return endpoint;
};

const factsOf = ({ url, eventTypes, enabled }: ShownEndpoint) => ({ url, eventTypes, enabled });

/** Standard Webhooks: 24 to 64 bytes. */
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** A logged error must not contain the secret. TypeORM's error has the parameters of its statement. */
const throwWithoutSecret = (error: unknown): never => {
  if (!(error instanceof QueryFailedError)) throw error;
  const { code } = error.driverError as { code?: unknown };
  throw Object.assign(new Error(error.message), { code });
};
