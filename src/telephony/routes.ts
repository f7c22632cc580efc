/** Which providers may carry a call, and in which order: the operator's rules, by the callee's number. Pure. */
import { countryOf } from '../common/phone-number.js';

export interface Route {
  /** A prefix of the number as Ringback has it, a two-letter country, or nothing, which fits every number. */
  readonly to: string;
  /** Names; the first that can carries the call, the others stand in for it. */
  readonly providers: readonly string[];
}

/**
 * The first that fits, so that an operator reads from left to right what will happen; undefined where none does.
 * @param region whose network the national short numbers are in
 */
export const routeTo = (routes: readonly Route[], number: string, region: string): Route | undefined =>
  routes.find(({ to }) => (/^[A-Z]{2}$/.test(to) ? countryOf(number, region) === to : number.startsWith(to)));
