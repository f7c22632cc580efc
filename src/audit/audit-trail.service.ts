/**
 * The only way by which an entry is written. Each of these fails if its entry cannot be written, with 503 as for any
 * trouble of the database: what cannot be recorded is not done, and not shown.
 */
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { AppError } from '../common/error-table.js';
import { LOGGER, type Logger } from '../common/logger.js';
import type { AuditEntry, Author, Facts } from './audit-entry.entity.js';
import { maskedFacts } from './masked-facts.js';
import { Places } from './places.js';

export type EntryFacts = Partial<Pick<AuditEntry, 'target' | 'before' | 'after' | 'detail'>>;

export interface AuditedChange<T> {
  readonly result: T;
  readonly entry: EntryFacts;
}

const RETRY_SECONDS = 5;

const INSERT = `
insert into audit_entry
  (subject, token_id, api_key_id, action, route, address, request_id, target, before, after, detail)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
returning id`;

@Injectable()
export class AuditTrail {
  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly places: Places,
  ) {}

  /**
   * Commits a change together with its entry. A change that throws leaves neither.
   * @param work makes the change by the statements of the given transaction only
   */
  change<T>(author: Author, work: (database: EntityManager) => Promise<AuditedChange<T>>): Promise<T> {
    return this.places.during(() =>
      this.database.transaction(async (database) => {
        const { result, entry } = await work(database);
        await this.write(database, author, entry);
        return result;
      }),
    );
  }

  /** Of a read that shows whole phone numbers: the entry is committed before the response is sent. */
  async read<T>(author: Author, reading: Promise<T>, factsOf: (shown: T) => EntryFacts): Promise<T> {
    const shown = await reading;
    await this.places.during(() => this.write(this.database, author, factsOf(shown)));
    return shown;
  }

  /**
   * Of an order to a provider, which no transaction can take back: the entry is committed before the order is sent, with
   * the outcome `unknown`, and gets the outcome afterwards.
   */
  async order<T>(author: Author, target: string, work: () => Promise<T>, outcomeOf: (result: T) => string): Promise<T> {
    const id = await this.places.during(() =>
      this.write(this.database, author, { target, after: { outcome: 'unknown' } }),
    );
    try {
      const result = await work();
      await this.noteOutcome(id, { outcome: outcomeOf(result) });
      return result;
    } catch (error) {
      await this.noteOutcome(id, { outcome: error instanceof AppError ? error.code : 'INTERNAL' });
      throw error;
    }
  }

  /**
   * Of a response that is sent in many parts: the entry is committed before the first one, with the outcome `unknown`.
   * @returns what gives the entry its outcome. It never rejects
   */
  async export(author: Author, detail: Facts): Promise<(outcome: Facts) => Promise<void>> {
    const id = await this.places.during(() =>
      this.write(this.database, author, { detail, after: { outcome: 'unknown' } }),
    );
    return (outcome) => this.noteOutcome(id, outcome);
  }

  private async write(database: DataSource | EntityManager, author: Author, entry: EntryFacts): Promise<string> {
    const { subject, tokenId, apiKeyId, action, route, address, requestId } = author;
    const facts = [entry.before, entry.after, entry.detail].map(maskedFacts);
    const values = [subject, tokenId, apiKeyId, action, route, address, requestId, entry.target ?? null, ...facts];
    try {
      const [row] = await database.query<[{ id: string }]>(INSERT, values);
      return row.id;
    } catch (cause) {
      throw new AppError('UNAVAILABLE', { cause: withoutValues(cause), retryAfterSeconds: RETRY_SECONDS });
    }
  }

  /** The order or the export has been sent, so a failure changes nothing but what the entry says. */
  private async noteOutcome(id: string, after: Facts): Promise<void> {
    try {
      await this.places.during(() =>
        this.database.query('update audit_entry set after = $2 where id = $1', [id, JSON.stringify(after)]),
      );
    } catch (error) {
      this.logger.warn({ error, auditEntry: id, ...after }, 'the outcome is missing in an audit entry');
    }
  }
}

/** TypeORM's error has the parameters of its statement, among them names. */
const withoutValues = (error: unknown): Error => {
  const { message, driverError } = error as Error & { readonly driverError?: { readonly code?: unknown } };
  return Object.assign(new Error(message), { code: driverError?.code });
};
