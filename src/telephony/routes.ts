/** The operator's rules: which providers may carry a call, in which order, by the callee's number. Pure. */
import { countryOf } from '../common/phone-number.js';

export interface Route {
  /** A prefix of the number as stored, a two-letter country, or an empty text, which matches every number. */
  readonly to: string;
  /** Provider names. The first that can carry the call does; the others are fallbacks. */
  readonly providers: readonly string[];
}

/**
 * The first match, so that operators can read the rules from left to right; undefined if none matches.
 * @param region of national short numbers
 */
export const routeTo = (routes: readonly Route[], number: string, region: string): Route | undefined =>
  routes.find(({ to }) => (/^[A-Z]{2}$/.test(to) ? countryOf(number, region) === to : number.startsWith(to)));
