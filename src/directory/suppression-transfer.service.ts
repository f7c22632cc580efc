/** The whole suppression list out of Ringback, and many numbers into it, as CSV. */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../audit/audit-entry.entity.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { LOGGER, type Logger } from '../common/logger.js';
import { withoutNumbers } from '../common/masked-numbers.js';
import { mapInTurns } from '../common/next-turn.js';
import { CONFIG, type Config } from '../config/config.js';
import { CSV_HEAD, csvLine, readSuppressions } from './suppression-csv.js';
import { STORE_SUPPRESSIONS, type StoreOutcome, type Suppression } from './suppression-list.service.js';

/** They take a few milliseconds to read. */
const ROWS_A_STATEMENT = 1_000;

const NEXT = `
select id, phone, reason, source, until, created_at as "createdAt" from suppression
where id > $1 order by id limit ${ROWS_A_STATEMENT}
`;

/**
 * Of the import's transaction: others that write wait, so the rows can be written in any order. Placing a call only reads and
 * does not wait.
 */
const LOCK = 'lock table suppression in share row exclusive mode';

@Injectable()
export class SuppressionTransfer {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * The oldest first, in parts that are read while they are sent: neither memory nor a connection is held for a slow client.
   * @param isWhole whether the numbers are not masked
   */
  async exportAll(author: Author, isWhole: boolean): Promise<AsyncIterable<string>> {
    await this.audit.read(author, Promise.resolve(), () => ({ detail: { format: 'csv' } }));
    return this.parts(isWhole ? csvLine : maskedLine);
  }

  /** Adds numbers, or replaces what is known of them: all or none. @throws AppError that names each wrong row */
  async importAll(text: string, author: Author): Promise<StoreOutcome> {
    const rows = await readSuppressions(text, this.config.phoneRegion);
    return this.audit.change(author, async (database) => {
      await database.query(LOCK);
      const outcome = { created: 0, changed: 0, unchanged: rows.length };
      for (let start = 0; start < rows.length; start += ROWS_A_STATEMENT) {
        const given = JSON.stringify(rows.slice(start, start + ROWS_A_STATEMENT));
        const [written] = await database.query<[Omit<StoreOutcome, 'unchanged'>]>(STORE_SUPPRESSIONS, [given]);
        outcome.created += written.created;
        outcome.changed += written.changed;
        outcome.unchanged -= written.created + written.changed;
      }
      return { result: outcome, entry: { detail: outcome } };
    });
  }

  private async *parts(lineOf: typeof csvLine): AsyncGenerator<string> {
    yield CSV_HEAD;
    try {
      let after = '0';
      for (;;) {
        const rows = await this.database.query<Suppression[]>(NEXT, [after]);
        if (rows.length > 0) yield (await mapInTurns(rows, lineOf)).join('');
        const last = rows.at(-1);
        if (!last || rows.length < ROWS_A_STATEMENT) return;
        after = last.id;
      }
    } catch (error) {
      // The client has got a part, and sees that its response is not complete.
      this.logger.warn({ error }, 'an export of the suppression list was broken off');
      throw error;
    }
  }
}

const maskedLine = ({ phone, reason, source, ...row }: Suppression): string =>
  csvLine({ ...row, ...withoutNumbers({ phone, reason, source }) });
