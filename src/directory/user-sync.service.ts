import { Inject, Injectable } from '@nestjs/common';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { CONFIG, type Config } from '../config/config.js';
import { readUserRows } from './user-rows.js';

export interface SyncOutcome {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
}

/** Ids that the audit keeps of a sync, each of created and of changed users: 10,000 would be 200 KB for one entry. */
const IDS_KEPT = 100;

interface Written {
  readonly created: number;
  readonly changed: number;
  readonly createdIds: readonly string[];
  readonly changedIds: readonly string[];
}

/**
 * Rows that have not changed are not written, so a nightly sync of all users costs only reads. The order prevents
 * deadlocks between two concurrent syncs. xmax is 0 only for inserted rows. The rows are passed as JSON, because pg
 * takes half a second to write an array of 10,000 quoted texts, which blocks all requests.
 */
const STATEMENT = `
with written as (
  insert into app_user as known (id, name, phone)
  select id, name, phone from json_to_recordset($1) as given (id bigint, name text, phone text) order by id
  on conflict on constraint app_user_pkey do update set name = excluded.name, phone = excluded.phone
  where (known.name, known.phone) is distinct from (excluded.name, excluded.phone)
  returning id, xmax = 0 as created
)
select count(*) filter (where created)::integer as created, count(*) filter (where not created)::integer as changed,
  coalesce((array_agg(id order by id) filter (where created))[1:${IDS_KEPT}], '{}') as "createdIds",
  coalesce((array_agg(id order by id) filter (where not created))[1:${IDS_KEPT}], '{}') as "changedIds"
from written
`;

/** Stores the data of many users from the app's backend, all or none. Other users stay unchanged. */
@Injectable()
export class UserSyncService {
  constructor(
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @param body as received (user-rows.ts) */
  async sync(body: unknown, author: Author): Promise<SyncOutcome> {
    const users = await readUserRows(body, this.config.phoneRegion);
    const rows = JSON.stringify(users);
    return this.audit.change(author, async (database) => {
      const [{ createdIds, changedIds, ...counts }] = await database.query<[Written]>(STATEMENT, [rows]);
      const result = { ...counts, unchanged: users.length - counts.created - counts.changed };
      return { result, entry: { detail: { ...result, createdIds, changedIds } } };
    });
  }
}
