/**
 * The numbers of a hunt that are left, as the URL of a Dial's action contains them. So any replica can reply with the next Dial,
 * without the record. Pure.
 */
import { readJson, readList, readObject, readText, readWholeNumber } from '../../common/foreign-json.js';
import { isFinal, readLegStatus, type LegStatus } from './end-reason.js';

/** A number that a Dial rings. */
export interface Callee {
  readonly phone: string;
  readonly extension?: string | undefined;
  /** The number that its phone shows. */
  readonly shown: string;
  readonly ringSeconds: number;
}

export interface NumbersLeft {
  readonly callees: readonly Callee[];
  readonly longestTalkSeconds: number;
  readonly record: boolean;
}

/** Of a number: those pass the call on to the next one. A leg that we cancel, or that was answered, is the last. */
const PASSES_ON: readonly LegStatus[] = ['busy', 'no-answer', 'failed'];

export const passesOn = (status: LegStatus): boolean => PASSES_ON.includes(status);

/**
 * Whether the end of a Dial asks for the next number: the caller must still be there. A company that reports leg B as canceled
 * where the caller has left need not say how leg A is.
 */
export const asksForNext = (
  { legBTellsNoAnswer }: { readonly legBTellsNoAnswer: boolean },
  fields: URLSearchParams,
): boolean => {
  const [legA, legB] = ['CallStatus', 'DialCallStatus'].map((name) => readLegStatus(fields.get(name)));
  const callerIsThere = legBTellsNoAnswer || (legA !== undefined && !isFinal(legA));
  return callerIsThere && legB !== undefined && passesOn(legB);
};

/** Short, because the document that contains it may have 4,000 characters. */
export const writeLeft = ({ callees, longestTalkSeconds, record }: NumbersLeft): string =>
  JSON.stringify({
    n: callees.map(({ phone, ringSeconds, shown, extension }) => [phone, ringSeconds, shown, extension ?? '']),
    t: longestTalkSeconds,
    r: record,
  });

/** @throws UnexpectedShape: another version may have written it */
export const readLeft = (text: string): NumbersLeft => {
  const { n, t, r } = readObject('the numbers left', readJson(text));
  const callees = readList('n', n).map((one): Callee => {
    const [phone, ringSeconds, shown, extension] = readList('a number', one);
    return {
      phone: readText('phone', phone),
      ringSeconds: readWholeNumber('ringSeconds', 1, MOST_SECONDS, ringSeconds),
      shown: readText('shown', shown),
      ...(extension !== '' && { extension: readText('extension', extension) }),
    };
  });
  return { callees, longestTalkSeconds: readWholeNumber('t', 1, MOST_SECONDS, t), record: r === true };
};

const MOST_SECONDS = 1_000_000;
