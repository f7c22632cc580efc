/** Which numbers may be rung at all, whoever asks: by country, by type of number, by the operator's prefixes. Pure. */
import { isEmergencyNumber, isValidIn, numberingOf, type NumberType } from '../common/phone-number.js';
import type { Config } from '../config/config.js';

export type DestinationRules = Pick<Config, 'allowedCountries' | 'allowedPrefixes' | 'refusedPrefixes' | 'phoneRegion'>;

/** Numbers that cost the one who calls more than the distance explains, or reach no person. */
const REFUSED_TYPES: Partial<Record<NumberType, string>> = {
  PREMIUM_RATE: 'premium rate',
  SHARED_COST: 'shared cost',
  PERSONAL_NUMBER: 'personal number',
  PAGER: 'pager',
  VOICEMAIL: 'voicemail',
};

/** Most hotlines of Chinese firms are 400 numbers, a shared-cost type by the numbering plan, at the price of a local call. */
const TYPES_COUNT_AS_ORDINARY = ['CN'];

/** What the rules see in the number, and why it may not be rung, as a sentence that does not contain it. */
export const lookAtDestination = (phone: string, rules: DestinationRules): { saw: string; obstacle: string | null } => {
  const { country, type } = numberingOf(phone, rules.phoneRegion);
  const saw = [country ?? 'no country', type?.toLowerCase()].filter((one) => one !== undefined).join(' ');
  return { saw, obstacle: obstacleOf(phone, rules, { country, type }) };
};

const obstacleOf = (
  phone: string,
  { allowedCountries, allowedPrefixes, refusedPrefixes, phoneRegion }: DestinationRules,
  { country, type }: ReturnType<typeof numberingOf>,
): string | null => {
  // A version before may have stored it.
  if (isEmergencyNumber(phone)) return 'The number is an emergency number.';
  const allowed = longestOf(allowedPrefixes, phone);
  const refused = longestOf(refusedPrefixes, phone);
  if (refused !== null && refused.length > (allowed?.length ?? -1)) {
    return `The number begins with ${refused}, which is in REFUSED_PREFIXES.`;
  }
  if (allowed !== null) return null;
  if (country === undefined) {
    return 'The number belongs to an international network, such as a satellite network, and to no country. ALLOWED_PREFIXES can allow it.';
  }
  const countries = allowedCountries === undefined ? [phoneRegion] : allowedCountries;
  const isOf = (one: string): boolean => one === country || isValidIn(phone, one);
  if (countries !== null && !countries.some(isOf)) {
    return `The number belongs to ${country}, which is not in ALLOWED_COUNTRIES.`;
  }
  const refusedType = type && REFUSED_TYPES[type];
  if (refusedType === undefined || TYPES_COUNT_AS_ORDINARY.includes(country)) return null;
  return `The number is of a type that is not called: ${refusedType}. ALLOWED_PREFIXES can allow it.`;
};

const longestOf = (prefixes: readonly string[], phone: string): string | null =>
  prefixes
    .filter((prefix) => phone.startsWith(prefix))
    .reduce<string | null>((longest, prefix) => (prefix.length > (longest?.length ?? -1) ? prefix : longest), null);
