/**
 * The suppression list as CSV (RFC 4180), as spreadsheets open it: in UTF-8 with a byte order mark, without which they misread
 * Chinese. A cell that a spreadsheet would take for a formula gets an apostrophe, which is removed when it is read again. So
 * numbers keep their plus there.
 */
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse';
import { AppError, type Fault } from '../common/error-table.js';
import { normalisePhone } from '../common/phone-number.js';
import { NOT_DIALABLE } from './dialable-phone.js';
import { instantOf, instantRule, orNone, SUPPRESSION_TEXT_LENGTH, textRule } from './field-rules.js';
import type { Suppression, SuppressionToStore } from './suppression-list.service.js';

/** `createdAt` is for people: an import takes no notice of it. */
const COLUMNS = ['phone', 'reason', 'source', 'until', 'createdAt'] as const;
type Column = (typeof COLUMNS)[number];

/** A row of an import with the number as it is stored. */
export type ImportedSuppression = Required<SuppressionToStore>;

export const MAX_IMPORTED = 50_000;
/** More would be of no use. */
const MAX_FAULTS = 1_000;
/** A row that has all that is allowed, escaped, and a part of a file that lacks a quote. */
const LONGEST_ROW_BYTES = 4_096;
/** Each takes a few milliseconds. Then other requests get a turn. */
const BYTES_A_TURN = 64 * 1024;
const ROWS_A_TURN = 100;

const LINE_END = '\r\n';
export const CSV_HEAD = `\ufeff${COLUMNS.join(',')}${LINE_END}`;

export const csvLine = ({ phone, reason, source, until, createdAt }: Suppression): string =>
  [phone, reason, source, until?.toISOString() ?? null, createdAt.toISOString()].map(cellOf).join(',') + LINE_END;

const cellOf = (text: string | null): string => {
  if (text === null) return '';
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** With the apostrophes that a text has already, so that reading a cell gives the text that was written. */
const FORMULA = /^'*[=+\-@\t\r\n＝＋－＠]/;

const textIn = (cell: string): string | null => {
  if (cell === '') return null;
  return cell.startsWith("'") && FORMULA.test(cell) ? cell.slice(1) : cell;
};

/**
 * @param region of numbers without a country code
 * @throws AppError with the faults of all rows
 */
export const readSuppressions = async (body: Buffer, region: string): Promise<ImportedSuppression[]> => {
  const rows = new Rows(region);
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_ROW_BYTES,
  });
  try {
    for await (const { record, info } of Readable.from(partsOf(body)).pipe(parser) as AsyncIterable<CsvRecord>) {
      if (!rows.add(record, info.lines)) break;
      if (rows.count % ROWS_A_TURN === 0) await nextTurn();
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    rows.break(error);
  }
  return rows.end();
};

interface CsvRecord {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

async function* partsOf(body: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < body.length; start += BYTES_A_TURN) {
    yield body.subarray(start, start + BYTES_A_TURN);
    await nextTurn();
  }
}

class Rows {
  count = 0;
  private columns: readonly string[] | undefined;
  private readonly rows: ImportedSuppression[] = [];
  private readonly faults: Fault[] = [];
  private readonly lineOf = new Map<string, number>();

  constructor(private readonly region: string) {}

  /** @returns whether to go on */
  add(cells: readonly string[], line: number): boolean {
    if (!this.columns) {
      this.columns = cells.map((name) => name.trim());
      this.faults.push(...faultsOfHead(this.columns, line));
      return this.faults.length === 0;
    }
    // Spreadsheets leave such rows behind.
    if (cells.every((cell) => cell === '')) return true;
    this.count += 1;
    if (this.count > MAX_IMPORTED) {
      const detail = `An import has ${MAX_IMPORTED} rows at most; send it in parts.`;
      throw new AppError('TOO_LARGE', { detail });
    }
    this.faults.push(...this.faultsOf(this.columns, cells, line));
    return this.faults.length < MAX_FAULTS;
  }

  break({ code, lines }: CsvError & { readonly lines?: unknown }): void {
    const what = WHAT_IS_BROKEN[code] ?? 'is not CSV as in RFC 4180';
    this.faults.push({ where: `line ${String(lines)}`, what });
  }

  end(): ImportedSuppression[] {
    if (!this.columns && this.faults.length === 0) this.faults.push({ where: 'line 1', what: HEAD_EXPECTED });
    if (this.faults.length === 0) return this.rows;
    throw new AppError('BAD_REQUEST', {
      detail: 'Nothing has been changed: every row must be valid.',
      faults: this.faults,
    });
  }

  private faultsOf(columns: readonly string[], cells: readonly string[], line: number): Fault[] {
    if (cells.length !== columns.length) {
      return [{ where: `line ${line}`, what: `has ${cells.length} cells, and the first row has ${columns.length}` }];
    }
    const value = (column: Column): string | null => textIn(cells[columns.indexOf(column)] ?? '');
    const phone = normalisePhone(value('phone') ?? '', this.region);
    const [reason, source] = [value('reason'), value('source')];
    const until = instantOf(value('until'));
    const faults = Object.entries({
      phone: phone === null ? NOT_DIALABLE : this.twinOf(phone, line),
      reason: TEXT_OR_NONE(reason),
      source: TEXT_OR_NONE(source),
      until: INSTANT_OR_NONE(until),
    }).flatMap(([column, what]) => (what === null ? [] : [{ where: `line ${line}, ${column}`, what }]));
    if (phone !== null && faults.length === 0) this.rows.push({ phone, reason, source, until: until as Date | null });
    return faults;
  }

  private twinOf(phone: string, line: number): string | null {
    const earlier = this.lineOf.get(phone);
    if (earlier !== undefined) return `is the number of line ${earlier} again`;
    this.lineOf.set(phone, line);
    return null;
  }
}

const TEXT_OR_NONE = orNone(textRule(SUPPRESSION_TEXT_LENGTH));
const INSTANT_OR_NONE = orNone(instantRule);

const HEAD_EXPECTED = `must have the names of the columns, separated by commas: phone, and any of ${COLUMNS.slice(1).join(', ')}`;

const faultsOfHead = (columns: readonly string[], line: number): Fault[] => {
  const isRight =
    columns.includes('phone') &&
    new Set(columns).size === columns.length &&
    columns.every((column) => COLUMNS.some((known) => known === column));
  return isRight ? [] : [{ where: `line ${line}`, what: HEAD_EXPECTED }];
};

const WHAT_IS_BROKEN: Partial<Record<string, string>> = {
  CSV_MAX_RECORD_SIZE: `begins a row of more than ${LONGEST_ROW_BYTES} bytes; a quote may be missing`,
  CSV_QUOTE_NOT_CLOSED: 'has a quote that is not closed',
  CSV_INVALID_CLOSING_QUOTE: 'has a quote within a quoted cell that is not doubled',
  INVALID_OPENING_QUOTE: 'has a quote within a cell that is not quoted',
};
