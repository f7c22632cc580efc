/** Which number of a setting with several a phone shows. Pure. */
import { createHash } from 'node:crypto';
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

interface Place {
  readonly country: string | undefined;
  /** The digits after the country code that stand for a city or region. Null for a number without them, such as a mobile. */
  readonly area: string | null;
}

/** libphonenumber writes a number of an area as `+86 10 5646 9588`: the area code is the first group. */
const placeOf = (number: string, region?: string): Place => {
  const parsed = parsePhoneNumberFromString(number, region as CountryCode | undefined);
  const isOfArea = ['FIXED_LINE', 'FIXED_LINE_OR_MOBILE'].includes(parsed?.getType() ?? '');
  const [, area = null] = isOfArea ? (parsed?.formatInternational().split(' ') ?? []) : [];
  return { country: parsed?.countryCallingCode, area };
};

/**
 * A number of the area of the phone that shows it; otherwise one of its country; otherwise any. Among those, a pair of caller
 * and callee always gets the same. If a number joins or leaves the pool, only the pairs that get or had it are concerned
 * (rendezvous hashing).
 * @param pool E.164, or national numbers of the region; other texts have no area
 * @param pair the caller's number, then the callee's
 */
export const numberFrom = (
  pool: readonly string[],
  shownOn: string,
  pair: readonly [string, string],
  region?: string,
): string => {
  const [first = '', ...others] = pool;
  if (others.length === 0) return first;
  const to = placeOf(shownOn);
  const places = pool.map((number) => ({ number, ...placeOf(number, region) }));
  const ofCountry = places.filter(({ country }) => country !== undefined && country === to.country);
  const ofArea = ofCountry.filter(({ area }) => area !== null && area === to.area);
  const near = [ofArea, ofCountry, places].find(({ length }) => length > 0) ?? places;
  const ranked = near.map(({ number }) => ({ number, rank: rankOf(number, pair) }));
  return ranked.reduce((best, one) => (one.rank > best.rank ? one : best)).number;
};

const rankOf = (number: string, pair: readonly [string, string]): string =>
  createHash('sha256')
    .update([number, ...pair].join(' '))
    .digest('hex');
