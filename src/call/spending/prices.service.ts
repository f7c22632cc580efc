import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { AppError } from '../../common/error-table.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { PRICES_HEAD, priceLine, readPrices } from './price-csv.js';
import type { Price } from './price.entity.js';

export interface PricesStored {
  readonly prices: number;
  /** Null without prices. */
  readonly currency: string | null;
}

interface Part {
  readonly version: string;
  readonly currency: string | null;
  readonly prices: readonly Price[] | null;
}

/** Each takes a few milliseconds to write. Then other requests get a turn. */
const ROWS_A_STATEMENT = 1_000;

/** As SQL, of a row of price. Amounts are texts, because JSON's numbers are not exact. */
export const PRICE_AS_JSON = `json_build_object('provider', provider, 'prefix', prefix, 'perMinute', per_minute::text,
  'stepSeconds', step_seconds, 'connection', connection::text)`;

const NEXT = `
select version, currency, (
  select json_agg(${PRICE_AS_JSON} order by provider, prefix)
  from (
    select * from price where (provider, prefix) > ($1, $2) order by provider, prefix limit ${ROWS_A_STATEMENT}
  ) part
) as prices
from price_list where id = 1`;

/** Every change of prices or budgets begins with it: it makes changes wait for each other, and replicas read again. */
export const NEXT_VERSION = 'update price_list set version = version + 1 where id = 1 returning currency';

const REPLACE = `
insert into price (provider, prefix, per_minute, step_seconds, connection)
select provider, prefix, "perMinute", "stepSeconds", connection
from json_to_recordset($1) as given (provider text, prefix text, "perMinute" bigint, "stepSeconds" integer, connection bigint)`;

/** The price list. Replicas know of a change within a second; what a running call has reserved stays. */
@Injectable()
export class Prices {
  constructor(
    private readonly database: DataSource,
    private readonly audit: AuditTrail,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** As CSV, in parts that are read while they are sent: neither memory nor a connection is held for a slow client. */
  async exportAll(): Promise<AsyncIterable<string>> {
    return this.parts(await this.partAfter());
  }

  /** Replaces the whole list, or nothing. @throws AppError that names each wrong row */
  async replace(text: string, author: Author): Promise<PricesStored> {
    const rows = await readPrices(text);
    const result = { prices: rows.length, currency: rows[0]?.currency ?? null };
    return this.audit.change(author, async (database) => {
      const [[before]] = await database.query<[[{ currency: string | null }], number]>(NEXT_VERSION);
      if (result.currency !== before.currency && before.currency !== null && result.currency !== null) {
        const [budget] = await database.query<unknown[]>('select from budget limit 1');
        const detail = `There are budgets in ${before.currency}. Delete them first: an amount has no currency of its own.`;
        if (budget) throw new AppError('CONFLICT', { detail });
      }
      // Budgets keep the currency of a list that is removed.
      await database.query('update price_list set currency = coalesce($1, currency) where id = 1', [result.currency]);
      const [, removed] = await database.query<[unknown, number]>('delete from price');
      await database.query(REPLACE, [JSON.stringify(rows)]);
      return { result, entry: { detail: { ...result, before: removed } } };
    });
  }

  private async *parts(first: Part): AsyncGenerator<string> {
    yield PRICES_HEAD;
    try {
      for (let part = first; ;) {
        const { currency, prices } = part;
        if (prices) yield prices.map((price) => priceLine(price, currency ?? '')).join('');
        if (!prices || prices.length < ROWS_A_STATEMENT) return;
        part = await this.partAfter(prices.at(-1));
        if (part.version !== first.version) throw new Error('the price list has changed meanwhile');
      }
    } catch (error) {
      // The client has got a part, and sees that its response is not complete.
      this.logger.warn({ error }, 'an export of the price list was broken off');
      throw error;
    }
  }

  private async partAfter({ provider, prefix }: Pick<Price, 'provider' | 'prefix'> = BEFORE_ALL): Promise<Part> {
    const [part] = await this.database.query<[Part]>(NEXT, [provider, prefix]);
    return part;
  }
}

const BEFORE_ALL = { provider: '', prefix: '' };
