/**
 * The suppression list as CSV (RFC 4180), as spreadsheets open it: in UTF-8 with a byte order mark, without which they misread
 * Chinese. A cell that a spreadsheet would take for a formula gets an apostrophe, which is removed when it is read again. So
 * numbers keep their plus there.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CsvError, parse } from 'csv-parse/sync';
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

/** Lines, with those that are empty. */
export const MAX_IMPORTED = 50_000;
/** More would be of no use. */
const MAX_FAULTS = 1_000;
/** Three times what a row may have, in Chinese; and few enough cells. */
const LONGEST_LINE = 2_048;
/** Each takes a few milliseconds. Then other requests get a turn. */
const LINES_A_TURN = 100;
const CHARACTERS_A_TURN = 16 * 1024;

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
 * Each line is a row: no text that can be stored has a line break.
 * @param region of numbers without a country code
 * @throws AppError with the faults of all rows
 */
export const readSuppressions = async (body: Buffer, region: string): Promise<ImportedSuppression[]> => {
  const rows = new Rows(region);
  for (const lines of turnsOf(body.toString('utf8').replace(/^\ufeff/, ''))) {
    for (const cells of cellsOf(lines)) rows.add(cells);
    if (rows.hasEnoughFaults) break;
    await nextTurn();
  }
  return rows.end();
};

/** In parts, so that no list is made of a file of 8 MB with nothing but line ends. */
function* turnsOf(text: string): Generator<string[]> {
  let lines: string[] = [];
  let count = 0;
  let characters = 0;
  for (const line of linesOf(text)) {
    if (++count > MAX_IMPORTED + 1) {
      throw new AppError('TOO_LARGE', { detail: `An import has ${MAX_IMPORTED} rows at most; send it in parts.` });
    }
    lines.push(line);
    characters += line.length;
    if (lines.length < LINES_A_TURN && characters < CHARACTERS_A_TURN) continue;
    yield lines;
    lines = [];
    characters = 0;
  }
  yield lines;
}

function* linesOf(text: string): Generator<string> {
  const end = /\r\n?|\n/g;
  for (let start = 0; start < text.length; start = end.lastIndex) {
    const found = end.exec(text);
    yield text.slice(start, found?.index);
    if (!found) return;
  }
}

/** The cells of each line, or what is wrong with it. */
const cellsOf = (lines: readonly string[]): (readonly string[] | string)[] => {
  if (lines.every((line) => line.length <= LONGEST_LINE)) {
    try {
      const rows = parsed(lines.join('\n'));
      // With fewer rows, a cell goes over the end of its line.
      if (rows.length === lines.length) return rows;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
    }
  }
  return lines.map((line) => {
    if (line.length > LONGEST_LINE) return `has more than ${LONGEST_LINE} characters`;
    try {
      return parsed(line)[0] ?? [];
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      return 'has a quote that is not closed, or is within a cell and not doubled';
    }
  });
};

const parsed = (text: string): string[][] => parse(text, { relax_column_count: true, record_delimiter: '\n' });

class Rows {
  private line = 0;
  private columns: readonly string[] | undefined;
  private readonly rows: ImportedSuppression[] = [];
  private readonly faults: Fault[] = [];
  private readonly lineOf = new Map<string, number>();

  constructor(private readonly region: string) {}

  /** Without the right columns, every row would be wrong. */
  get hasEnoughFaults(): boolean {
    return this.faults.length >= (this.columns ? MAX_FAULTS : 1);
  }

  /** @param cells of the next line, or what is wrong with it */
  add(cells: readonly string[] | string): void {
    this.line += 1;
    if (this.hasEnoughFaults) return;
    if (typeof cells === 'string') this.faults.push({ where: `line ${this.line}`, what: cells });
    // Spreadsheets leave such rows behind.
    else if (cells.every((cell) => cell === '')) return;
    else if (this.columns) this.faults.push(...this.faultsOf(this.columns, cells));
    else this.readHead(cells.map((name) => name.trim()));
  }

  private readHead(columns: readonly string[]): void {
    if (isHead(columns)) this.columns = columns;
    else this.faults.push({ where: `line ${this.line}`, what: HEAD_EXPECTED });
  }

  end(): ImportedSuppression[] {
    if (!this.columns && this.faults.length === 0) this.faults.push({ where: 'line 1', what: HEAD_EXPECTED });
    if (this.faults.length === 0) return this.rows;
    throw new AppError('BAD_REQUEST', {
      detail: 'Nothing has been changed: every row must be valid.',
      faults: this.faults,
    });
  }

  private faultsOf(columns: readonly string[], cells: readonly string[]): Fault[] {
    const { line } = this;
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

const isHead = (columns: readonly string[]): boolean =>
  columns.includes('phone') &&
  new Set(columns).size === columns.length &&
  columns.every((column) => COLUMNS.some((known) => known === column));
