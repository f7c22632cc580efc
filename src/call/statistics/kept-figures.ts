/**
 * Reads and writes the rows of call_statistics. Only who holds the turn does so (call-counting.ts). So a row is read, added to and
 * written back.
 */
import type { EntityManager } from 'typeorm';
import { END_REASONS, type EndReason } from '../record/call-lifecycle.js';
import type { Grouping } from './call-statistic.entity.js';
import { addBytes, bytesOf, type Histogram } from './delay-histogram.js';
import { addFigures, noFigures, type Figures } from './figures.js';
import { rowsAt } from './time-buckets.js';

/** Names a row. */
export interface RowKey {
  readonly groupedBy: Grouping;
  readonly minutes: number;
  readonly startsAt: Date;
  readonly key: string;
}

export interface KeptFigures extends RowKey {
  readonly figures: Figures;
}

/** Figures by row. */
export class FigureSums {
  private readonly sums = new Map<string, KeptFigures>();

  get rows(): readonly KeptFigures[] {
    return [...this.sums.values()];
  }

  of(row: RowKey): Figures {
    const name = JSON.stringify([row.groupedBy, row.minutes, row.startsAt.getTime(), row.key]);
    const known = this.sums.get(name);
    if (known) return known.figures;
    const { groupedBy, minutes, startsAt, key } = row;
    const figures = noFigures();
    this.sums.set(name, { groupedBy, minutes, startsAt, key, figures });
    return figures;
  }
}

const KEY = ['grouped_by', 'minutes', 'starts_at', 'key'];
/** An end reason is the name of its column. */
const COUNTS = ['calls', 'answered', 'talk_seconds', ...END_REASONS];
const DELAYS = ['ringing_delays', 'answer_delays'];

/** As SQL: the sum of each count over rows of `row`, and the histograms one after the other, which is their sum. */
export const SUMS = [
  ...COUNTS.map((column) => `sum(row.${column})::float8 as ${column}`),
  ...DELAYS.map((column) => `string_agg(row.${column}, '') as ${column}`),
].join(', ');

/** Of SUMS, or of a row with its counts as numbers or texts. */
export type SummedRow = Readonly<Record<string, unknown>>;

export const figuresIn = (row: SummedRow): Figures => ({
  calls: Number(row.calls),
  answered: Number(row.answered),
  talkSeconds: Number(row.talk_seconds),
  endReasons: Object.fromEntries(END_REASONS.map((reason) => [reason, Number(row[reason])])) as Record<
    EndReason,
    number
  >,
  ringingDelays: histogramIn(row.ringing_delays),
  answerDelays: histogramIn(row.answer_delays),
});

const histogramIn = (bytes: unknown): Histogram => {
  const histogram: Histogram = new Map();
  addBytes(histogram, bytes as Buffer);
  return histogram;
};

const READ = `
select row.grouped_by, row.minutes, row.starts_at, row.key, ${[...COUNTS, ...DELAYS].map((column) => `row.${column}`).join(', ')}
from unnest($1::text[], $2::smallint[], $3::timestamptz[], $4::text[]) as given (grouped_by, minutes, starts_at, key)
join call_statistics row using (grouped_by, minutes, starts_at, key)
for update of row`;

const COLUMNS = [...KEY, ...COUNTS, ...DELAYS];

const TYPES: Readonly<Record<string, string>> = {
  grouped_by: 'text',
  minutes: 'smallint',
  starts_at: 'timestamptz',
  key: 'text',
  talk_seconds: 'bigint',
  ringing_delays: 'bytea',
  answer_delays: 'bytea',
};

const WRITE = `
insert into call_statistics (${COLUMNS.join(', ')})
select * from unnest(${COLUMNS.map((column, index) => `$${index + 1}::${TYPES[column] ?? 'integer'}[]`).join(', ')})
on conflict (grouped_by, minutes, starts_at, key) do update
set ${[...COUNTS, ...DELAYS].map((column) => `${column} = excluded.${column}`).join(', ')}`;

const keysOf = (rows: readonly RowKey[]): unknown[] => [
  rows.map(({ groupedBy }) => groupedBy),
  rows.map(({ minutes }) => minutes),
  rows.map(({ startsAt }) => startsAt),
  rows.map(({ key }) => key),
];

/** @param quarters rows of a quarter of an hour each. They are added to those of the hour, of four hours and of the day too. */
export const addToKept = async (database: EntityManager, quarters: readonly KeptFigures[]): Promise<void> => {
  const sums = new FigureSums();
  for (const { figures, startsAt, ...row } of quarters) {
    for (const longer of rowsAt(startsAt)) addFigures(sums.of({ ...row, ...longer }), figures, 1);
  }
  if (sums.rows.length === 0) return;
  const kept = await database.query<(SummedRow & { starts_at: Date })[]>(READ, keysOf(sums.rows));
  for (const row of kept) {
    const {
      grouped_by: groupedBy,
      minutes,
      starts_at: startsAt,
      key,
    } = row as unknown as Record<'minutes', number> &
      Record<'grouped_by', Grouping> &
      Record<'starts_at', Date> &
      Record<'key', string>;
    addFigures(sums.of({ groupedBy, minutes, startsAt, key }), figuresIn(row), 1);
  }
  await writeKept(database, sums.rows);
};

/** In place of what was there. */
export const writeKept = async (
  database: Pick<EntityManager, 'query'>,
  rows: readonly KeptFigures[],
): Promise<void> => {
  const figures = rows.map((row) => row.figures);
  await database.query(WRITE, [
    ...keysOf(rows),
    figures.map(({ calls }) => calls),
    figures.map(({ answered }) => answered),
    figures.map(({ talkSeconds }) => talkSeconds),
    ...END_REASONS.map((reason) => figures.map(({ endReasons }) => endReasons[reason])),
    figures.map(({ ringingDelays }) => bytesOf(ringingDelays)),
    figures.map(({ answerDelays }) => bytesOf(answerDelays)),
  ]);
};
