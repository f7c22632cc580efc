import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from '../config/config.js';
import { readUserRows } from './user-rows.js';

export interface SyncOutcome {
  readonly created: number;
  readonly changed: number;
  readonly unchanged: number;
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
  returning xmax = 0 as created
)
select count(*) filter (where created)::integer as created, count(*) filter (where not created)::integer as changed
from written
`;

/** Stores the data of many users from the app's backend, all or none. Other users stay unchanged. */
@Injectable()
export class UserSyncService {
  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @param body as received (user-rows.ts) */
  async sync(body: unknown): Promise<SyncOutcome> {
    const users = await readUserRows(body, this.config.phoneRegion);
    const [written = { created: 0, changed: 0 }] = await this.database.query<{ created: number; changed: number }[]>(
      STATEMENT,
      [JSON.stringify(users)],
    );
    return { ...written, unchanged: users.length - written.created - written.changed };
  }
}
