/**
 * Tables as CSV (RFC 4180), as spreadsheets open them: in UTF-8 with a byte order mark, without which they misread Chinese. A cell
 * that a spreadsheet would take for a formula gets an apostrophe, which is removed when it is read again. So numbers keep their
 * plus there. A file may also come in GB18030, as Excel in China writes it.
 */
import { isUtf8 } from 'node:buffer';
import { CsvError, parse } from 'csv-parse/sync';
import { AppError, wrongRows, type Fault } from './error-table.js';
import { nextTurn } from './next-turn.js';

/** Three times what a row may have, in Chinese; and few enough cells. */
const LONGEST_LINE = 2_048;
/** Each takes a few milliseconds. Then other requests get a turn. */
const LINES_A_TURN = 100;
const CHARACTERS_A_TURN = 16 * 1024;

const LINE_END = '\r\n';

export const csvHead = (columns: readonly string[]): string => `\ufeff${columns.join(',')}${LINE_END}`;

export const csvLine = (cells: readonly (string | null)[]): string => cells.map(cellOf).join(',') + LINE_END;

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
 * The cells of each line, or what is wrong with it, some lines at a time. Each line is a row: no text that can be stored has a
 * line break.
 * @throws AppError if there are more lines than `maxRows` and a head
 */
async function* csvRows(text: string, maxRows: number): AsyncGenerator<(readonly string[] | string)[]> {
  for (const lines of turnsOf(text.replace(/^\ufeff/, ''), maxRows)) {
    yield cellsOf(lines);
    await nextTurn();
  }
}

/** The body of a request with a CSV file. */
export interface CsvBody {
  readonly text: string;
  readonly encoding: 'UTF-8' | 'GB18030';
}

/**
 * @param isGb18030 its sender says so: bytes of GB18030 may also be UTF-8 of other names. Otherwise the bytes decide
 * @throws AppError
 */
export const decodeCsv = (bytes: Buffer, isGb18030: boolean): CsvBody => {
  const encoding = isGb18030 || !isUtf8(bytes) ? 'GB18030' : 'UTF-8';
  try {
    return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding };
  } catch {
    const detail = isGb18030 ? 'The file is not GB18030.' : 'The file is neither UTF-8 nor GB18030.';
    throw new AppError('BAD_REQUEST', { detail });
  }
};

/** In parts, so that no list is made of a file of 8 MB with nothing but line ends. */
function* turnsOf(text: string, maxRows: number): Generator<string[]> {
  let lines: string[] = [];
  let count = 0;
  let characters = 0;
  for (const line of linesOf(text)) {
    if (++count > maxRows + 1) {
      throw new AppError('TOO_LARGE', { detail: `An import has ${maxRows} rows at most; send it in parts.` });
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
      return 'has a quote that is not closed on this line, or is within a cell and not doubled';
    }
  });
};

const parsed = (text: string): string[][] => parse(text, { relax_column_count: true, record_delimiter: '\n' });

/** More would be of no use. */
const MAX_FAULTS = 1_000;

export interface CsvTable<Column extends string, Row> {
  readonly required: readonly Column[];
  /** Of these, a file has any. */
  readonly others: readonly Column[];
  readonly maxRows: number;
  /** Of columns of other names. `refuse` is for a file whose import cannot be tried: nobody would see that a name is misspelt. */
  readonly unknownColumns: 'ignore' | 'refuse';
  /** The column that a name in the first row stands for. Default: the one of this name. */
  readonly columnOf?: (name: string) => string;
  /**
   * @param cell the text in a column; null if it is empty
   * @returns the row, or the fault of each column that has one
   */
  read(cell: (column: Column) => string | null, line: number): Row | Faults<Column>;
}

export class Faults<Column extends string> {
  constructor(readonly byColumn: Partial<Record<Column, string>>) {}
}

/** @returns null if no column has a fault */
export const faultsIn = <Column extends string>(found: Record<Column, string | null>): Faults<Column> | null => {
  const faults = Object.entries<string | null>(found).filter(([, what]) => what !== null);
  return faults.length === 0 ? null : new Faults(Object.fromEntries(faults) as Partial<Record<Column, string>>);
};

export interface CsvRows<Row> {
  /** Those without a fault. */
  readonly rows: Row[];
  readonly faults: readonly Fault[];
  /** The names in the first row that stand for no column. */
  readonly ignoredColumns: readonly string[];
}

/** @throws AppError with the faults of all rows */
export const readCsv = async <Column extends string, Row>(
  text: string,
  table: CsvTable<Column, Row>,
): Promise<Row[]> => {
  const { rows, faults } = await tryCsv(text, table);
  if (faults.length > 0) throw wrongRows(faults);
  return rows;
};

/** For a caller who looks for further faults in the rows. @throws AppError if the file has too many rows */
export const tryCsv = async <Column extends string, Row>(
  text: string,
  table: CsvTable<Column, Row>,
): Promise<CsvRows<Row>> => {
  const rows = new Rows(table);
  for await (const lines of csvRows(text, table.maxRows)) {
    for (const cells of lines) rows.add(cells);
    if (rows.hasEnoughFaults) break;
  }
  return rows.end();
};

class Rows<Column extends string, Row> {
  private line = 0;
  private columns: readonly string[] | undefined;
  private ignoredColumns: readonly string[] = [];
  private readonly rows: Row[] = [];
  private readonly faults: Fault[] = [];

  constructor(private readonly table: CsvTable<Column, Row>) {}

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
    else if (this.columns) this.read(this.columns, cells);
    else this.readHead(cells.map((name) => name.trim()));
  }

  end(): CsvRows<Row> {
    if (!this.columns && this.faults.length === 0) this.faults.push({ where: 'line 1', what: this.headExpected() });
    return { rows: this.rows, faults: this.faults, ignoredColumns: this.ignoredColumns };
  }

  /** @param unknown names in the first row that stand for no column */
  private headExpected(unknown: readonly string[] = []): string {
    const { required, others } = this.table;
    const names = `must have the names of the columns, separated by commas: ${required.join(', ')}`;
    const more = `${others.length === 1 ? '' : 'any of '}${others.join(', ')}`;
    const seen =
      unknown.length === 0 ? '' : `; unknown here: ${unknown.map((name) => JSON.stringify(name)).join(', ')}`;
    return `${names}; it may have ${more}${seen}`;
  }

  private readHead(names: readonly string[]): void {
    const { columnOf = String } = this.table;
    const columns = names.map((name) => columnOf(name));
    const what = this.faultOfHead(names, columns);
    if (what === null) {
      this.columns = columns;
      // Spreadsheets leave empty columns behind.
      this.ignoredColumns = this.unknownIn(names, columns).filter((name) => name !== '');
    } else this.faults.push({ where: `line ${this.line}`, what });
  }

  /** @param columns that the names stand for */
  private faultOfHead(names: readonly string[], columns: readonly string[]): string | null {
    const { required, unknownColumns } = this.table;
    const unknown = this.unknownIn(names, columns);
    if (unknown.length > 0 && unknownColumns === 'refuse') return this.headExpected(unknown);
    const twice = columns.find((column, place) => this.isKnown(column) && columns.indexOf(column) < place);
    if (twice !== undefined) {
      const same = names.filter((_, place) => columns[place] === twice).map((name) => JSON.stringify(name));
      return `${same.slice(0, 2).join(' and ')} are both the column ${twice}: leave one of them out`;
    }
    return required.every((name) => columns.includes(name)) ? null : this.headExpected(unknown);
  }

  private unknownIn(names: readonly string[], columns: readonly string[]): string[] {
    return names.filter((_, place) => !this.isKnown(columns[place] ?? ''));
  }

  private isKnown(column: string): boolean {
    const { required, others } = this.table;
    return [...required, ...others].some((known) => known === column);
  }

  private read(columns: readonly string[], cells: readonly string[]): void {
    const { line } = this;
    if (cells.length !== columns.length) {
      const what = `has ${cells.length} cells, and the first row has ${columns.length}`;
      this.faults.push({ where: `line ${line}`, what });
      return;
    }
    const row = this.table.read((column) => textIn(cells[columns.indexOf(column)] ?? ''), line);
    if (!(row instanceof Faults)) this.rows.push(row);
    else
      for (const [column, what] of Object.entries(row.byColumn))
        this.faults.push({ where: `line ${line}, ${column}`, what: String(what) });
  }
}
