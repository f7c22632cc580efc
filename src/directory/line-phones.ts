/** The phones of a service line, and the order in which they are tried. */
import { AppError, type Fault } from '../common/error-table.js';
import { readPhone, writtenPhone } from '../common/phone-number.js';
import { NOT_DIALABLE_PHONE } from './dialable-phone.js';
import { wholeNumberRule, type FieldRule } from './field-rules.js';

/** `phone` is in its written form. */
export interface LinePhone {
  readonly phone: string;
  /** How long it may ring; null where nothing is said of it. */
  readonly ringSeconds: number | null;
}

/** order: the first one first. turn: the one after the one that took the last call. */
export const HUNT_ORDERS = ['order', 'turn'] as const;
export type HuntOrder = (typeof HUNT_ORDERS)[number];

/** As a request has it. */
export interface WrittenPhone {
  readonly phone: string;
  readonly ringSeconds?: number | null;
}

/** A caller waits for all of them. */
export const MAX_PHONES = 10;
/** Less than a ring or two reaches nobody. */
export const SHORTEST_RING_SECONDS = 5;
/** The longest that a provider takes. */
export const LONGEST_RING_SECONDS = 600;
/** Of one of several phones of which nothing is said: a caller who waits for the next one has heard some four rings. */
export const HUNTED_RING_SECONDS = 20;

const ringRule = wholeNumberRule(SHORTEST_RING_SECONDS, LONGEST_RING_SECONDS);

/** Checks only the types, like `phoneRule`. */
export const linePhonesRule: FieldRule = (value) => {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_PHONES) {
    return `must be a list of 1 to ${MAX_PHONES} phones such as {"phone":"400-000-0000","ringSeconds":20}`;
  }
  const isKnown = (one: unknown): boolean =>
    typeof one === 'object' &&
    one !== null &&
    Object.keys(one).every((name) => ['phone', 'ringSeconds'].includes(name));
  const phones = value as readonly Partial<WrittenPhone>[];
  if (!phones.every((one) => isKnown(one) && typeof one.phone === 'string')) {
    return 'must have phones with a phone such as "400-000-0000" and, if need be, ringSeconds';
  }
  const rings = phones.map(({ ringSeconds = null }) => ringSeconds).filter((seconds) => seconds !== null);
  const fault = rings.map(ringRule).find((one) => one !== null);
  return fault === undefined ? null : `ringSeconds ${fault}, or null`;
};

export const huntRule: FieldRule = (value) =>
  HUNT_ORDERS.some((known) => known === value) ? null : `must be one of ${HUNT_ORDERS.join(', ')}`;

/** The number alone. */
const numberOf = ({ phone }: LinePhone): string => phone.split(';', 1)[0] ?? '';

export interface RingLimits {
  /** Of a phone of which nothing is said. */
  readonly ringCalleeSeconds: number;
  /** Longer than all phones together. */
  readonly longestRingingSeconds: number;
}

/** @param howMany the line has */
export const ringSecondsOf = (
  { ringSeconds }: Pick<LinePhone, 'ringSeconds'>,
  howMany: number,
  { ringCalleeSeconds }: RingLimits,
): number => ringSeconds ?? (howMany > 1 ? Math.min(HUNTED_RING_SECONDS, ringCalleeSeconds) : ringCalleeSeconds);

/** In the form in which phones are stored. @throws AppError that names the fields */
export const storedPhones = (
  phones: readonly WrittenPhone[],
  region: string,
  limits: RingLimits,
): readonly LinePhone[] => {
  const read = phones.map(({ phone }) => readPhone(phone, region));
  const faults: Fault[] = read.flatMap((one, place) =>
    one === null ? [{ where: `/phones/${place}/phone`, what: NOT_DIALABLE_PHONE }] : [],
  );
  if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
  const stored = read.flatMap((one, place) =>
    one === null
      ? []
      : [{ phone: writtenPhone(one.number, one.extension), ringSeconds: phones[place]?.ringSeconds ?? null }],
  );
  const fault = faultOfAll(stored, limits);
  if (fault !== null) throw new AppError('BAD_REQUEST', { faults: [{ where: '/phones', what: fault }] });
  return stored;
};

const faultOfAll = (phones: readonly LinePhone[], limits: RingLimits): string | null => {
  // A switchboard has answered before its extension rings, so its second extension would never be tried.
  if (new Set(phones.map(numberOf)).size < phones.length) return 'must not have a number twice, whatever its extension';
  const seconds = phones.reduce((sum, phone) => sum + ringSecondsOf(phone, phones.length, limits), 0);
  return seconds < limits.longestRingingSeconds
    ? null
    : `must ring for less than LONGEST_RINGING (${limits.longestRingingSeconds} s) together; they ring for ${seconds} s`;
};

/**
 * The phones of a row, in the order of the line. Empty if nothing is said but the number itself: also if another version has
 * changed the number since, or has written what this one cannot read.
 * @param first the number alone
 */
export const phonesOfRow = (stored: unknown, first: string | null): readonly LinePhone[] => {
  if (linePhonesRule(stored) !== null) return [];
  const phones = (stored as readonly WrittenPhone[]).map(({ phone, ringSeconds = null }) => ({ phone, ringSeconds }));
  return phones[0] && numberOf(phones[0]) === first ? phones : [];
};

/** In the order in which the next call tries them. @param last the number that took the last call */
export const inTurn = (
  phones: readonly LinePhone[],
  hunt: string | null,
  last: string | null,
): readonly LinePhone[] => {
  const place = hunt === 'turn' ? phones.findIndex((phone) => numberOf(phone) === last) : -1;
  return [...phones.slice(place + 1), ...phones.slice(0, place + 1)];
};
