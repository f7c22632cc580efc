/** Calls as the lines of a file, for spreadsheets and for programs. Pure. */
import type { ShownCall } from '../../call/search/call-view.js';
import { csvHead, csvLine } from '../../common/csv.js';
import { CSV_TYPE } from '../csv-file.js';
import { zonedClock } from '../../common/zoned-clock.js';

export interface CallFile {
  readonly name: string;
  readonly type: string;
  /** Before the first line; empty if there is nothing. */
  readonly head: string;
  line(call: ShownCall): string;
}

const TIMES = ['requestedAt', 'ringingAt', 'answeredAt', 'endedAt'] as const;
const BEFORE_TIMES = [
  'callSid',
  'callerId',
  'calleeId',
  'serviceLineId',
  'callerPhone',
  'calleePhone',
  'provider',
  'route',
  'subAccount',
  'providerCallId',
  'stateType',
  'endReason',
  'endedBy',
  'canceledBy',
  'providerCode',
] as const satisfies readonly (keyof ShownCall)[];
const BEHIND_TIMES = [
  'talkSeconds',
  'recording',
  'changes',
  'placedBy',
  'metadata',
] as const satisfies readonly (keyof ShownCall)[];

/** Spreadsheets read a longer number as one with 15 digits, and zeros. */
const TOO_LONG_A_NUMBER = /^\d{16,}$/;

/**
 * Spreadsheets take no time with an offset, so each time has a column in UTC, and one in the zone if that is another.
 * @param timeZone by its IANA name
 */
export const callsAsCsv = (timeZone = 'UTC'): CallFile => {
  const inZone = timeZone === 'UTC' ? undefined : zonedClock(timeZone);
  const columnsOf = (time: string): string[] => [`${time} (UTC)`, ...(inZone ? [`${time} (${timeZone})`] : [])];
  const timesOf = (at: Date | null): (string | null)[] => [
    at?.toISOString() ?? null,
    ...(inZone ? [at && inZone(at).shown] : []),
  ];
  return {
    name: 'calls.csv',
    type: CSV_TYPE,
    head: csvHead([...BEFORE_TIMES, ...TIMES.flatMap(columnsOf), ...BEHIND_TIMES]),
    line: (call) =>
      csvLine([
        ...BEFORE_TIMES.map((name) => cellOf(call[name])),
        ...TIMES.flatMap((name) => timesOf(call[name])),
        ...BEHIND_TIMES.map((name) => cellOf(call[name])),
      ]),
  };
};

const cellOf = (value: string | number | object | null): string | null => {
  if (value === null) return null;
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return TOO_LONG_A_NUMBER.test(text) ? `'${text}` : text;
};

/** A line is a call as the search shows it. With a zone it has `local` in addition. */
export const callsAsNdjson = (timeZone?: string): CallFile => {
  const inZone = timeZone === undefined ? undefined : zonedClock(timeZone);
  const localOf = (call: ShownCall) =>
    inZone && {
      local: {
        timeZone,
        ...Object.fromEntries(TIMES.map((name) => [name, call[name] && inZone(call[name]).instant])),
      },
    };
  return {
    name: 'calls.ndjson',
    type: 'application/x-ndjson',
    head: '',
    line: (call) => `${JSON.stringify({ ...call, ...localOf(call) })}\n`,
  };
};
