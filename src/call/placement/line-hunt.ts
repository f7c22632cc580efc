/**
 * Which phones of a service line a call tries, in which order, and how long each may ring. All of it is decided when the call is
 * placed: the provider holds the call and goes on by itself, so a number that the rules refuse must not be among those that it
 * is given.
 */
import type { DataSource } from 'typeorm';
import { maskPhone, writtenPhone } from '../../common/phone-number.js';
import type { Parties } from '../../directory/directory.service.js';
import { ringSecondsOf, SHORTEST_RING_SECONDS, type RingLimits } from '../../directory/line-phones.js';
import { preparedStatement } from '../../postgres/prepared-statement.js';
import type { RuleRefusal } from '../../protection/placing-rules.js';
import type { RouteTaken } from '../../telephony/provider-registry.js';
import type { HuntedNumber } from '../../telephony/telephony-provider.js';

/** What a call to a line tries. */
export interface Hunt {
  /** In order; at least one. */
  readonly numbers: readonly HuntedNumber[];
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly phone: string;
  readonly extension: string | null;
  /** A sentence without whole phone numbers. */
  readonly why: string;
}

/** One phone of the line, as if the call were to it alone. */
export interface Candidate {
  readonly parties: Parties;
  readonly ringSeconds: number | null;
  readonly route: RouteTaken | undefined;
  /** By what is known of the number itself; null if the rules allow it. */
  readonly refusal: RuleRefusal | null;
}

export interface Choice {
  /** With the first number. */
  readonly parties: Parties;
  /** Null for a line of which only its number is known. */
  readonly hunt: Hunt | null;
  /** False if each number that the rules allow is in a call, and may have no other. */
  readonly hasFreeNumber: boolean;
}

/** Of each phone of the line, the parties of a call to it. */
export const partiesByPhone = (parties: Parties): readonly Pick<Candidate, 'parties' | 'ringSeconds'>[] =>
  parties.linePhones.map(({ phone, extension, ringSeconds, isSuppressed }) => ({
    parties: { ...parties, calleePhone: phone, calleeExtension: extension, calleeSuppressed: isSuppressed },
    ringSeconds,
  }));

/**
 * Of these numbers, those that are in a call: in one that has the number to itself, or in one of the line. The caller's own call
 * does not count.
 */
const findBusy = preparedStatement<{ phone: string }>(
  'find-busy-numbers',
  `
select taken_phone as phone from open_call where taken_phone = any($1::text[]) and caller_id <> $3::bigint
union all
select record.callee_phone from open_call join call_records record on record.call_sid = open_call.call_sid
where open_call.service_line_id = $2::bigint and open_call.caller_id <> $3::bigint and record.callee_phone = any($1::text[])
`,
);

export const busyNumbers = async (
  database: DataSource,
  phones: readonly (string | null)[],
  serviceLineId: string | null,
  callerId: string,
): Promise<readonly string[]> =>
  (await findBusy(database, [phones, serviceLineId, callerId])).map(({ phone }) => phone);

interface HuntTerms {
  /** Of the request, in place of the line's. */
  readonly ringSeconds: number | undefined;
  readonly limits: RingLimits;
}

/** @param candidates in the order of the line; at least one @param busy numbers that may have no other call */
export const chooseNumbers = (
  candidates: readonly [Candidate, ...Candidate[]],
  busy: readonly string[],
  terms: HuntTerms,
): Choice => {
  const allowed = candidates.filter(({ refusal }) => refusal === null);
  const isFree = ({ parties }: Candidate): boolean => !busy.includes(parties.calleePhone ?? '');
  const [first, ...others] = allowed.filter(isFree);
  if (!first) {
    // The rules say why, of the first.
    const [refused = candidates[0]] = allowed;
    return { parties: refused.parties, hunt: null, hasFreeNumber: allowed.length === 0 };
  }
  const hunting = first.route?.providers.filter(({ hunts }) => hunts) ?? [];
  const isCarried = ({ route }: Candidate): boolean =>
    hunting.length > 0 && hunting.every((provider) => route?.providers.includes(provider));
  const numbers = withRingTimes([first, ...others.filter(isCarried)], candidates.length, terms);
  const isTried = ({ parties }: Candidate): boolean => numbers.some(({ phone }) => phone === parties.calleePhone);
  const leftOut = candidates
    .filter((one) => !isTried(one))
    .map((one) => ({
      phone: one.parties.calleePhone ?? '',
      extension: one.parties.calleeExtension,
      why: one.refusal?.reason ?? whyNot(isFree(one), isCarried(one), hunting.length > 0),
    }));
  return { parties: first.parties, hunt: { numbers, leftOut }, hasFreeNumber: true };
};

const whyNot = (isFree: boolean, isCarried: boolean, isHunted: boolean): string => {
  if (!isFree) return 'It is in another call, and ONE_CALL_PER_CALLEE is true.';
  if (isCarried) return 'The others ring for as long as LONGEST_RINGING allows.';
  return isHunted
    ? 'Its route has other providers than that of the first number.'
    : 'No provider of the route tries a second number.';
};

/** All together for less than LONGEST_RINGING, which may have become shorter since the line was written. */
const withRingTimes = (
  candidates: readonly Candidate[],
  howMany: number,
  { ringSeconds: ofRequest, limits }: HuntTerms,
): readonly HuntedNumber[] => {
  let left = limits.longestRingingSeconds - 1;
  return candidates.flatMap(({ parties: { calleePhone, calleeExtension }, ringSeconds }, place) => {
    const seconds = Math.min(left, ofRequest ?? ringSecondsOf({ ringSeconds }, howMany, limits));
    // The first one is tried whatever is left for it, as a line with one number is.
    if (calleePhone === null || (place > 0 && seconds < SHORTEST_RING_SECONDS)) return [];
    left -= seconds;
    const extension = calleeExtension === null ? {} : { extension: calleeExtension };
    return [{ phone: calleePhone, ...extension, ringSeconds: Math.max(1, seconds) }];
  });
};

/** As the timeline shows it: with masked numbers. Nothing for a call that tries one number and leaves none out. */
export const huntDetail = (hunt: Hunt | null) => {
  if (hunt === null || (hunt.numbers.length < 2 && hunt.leftOut.length === 0)) return {};
  return {
    hunt: hunt.numbers.map(({ phone, extension = null, ringSeconds }) => ({
      phone: maskPhone(writtenPhone(phone, extension)),
      ringSeconds,
    })),
    ...(hunt.leftOut.length > 0 && {
      leftOut: hunt.leftOut.map(({ phone, extension, why }) => ({
        phone: maskPhone(writtenPhone(phone, extension)),
        why,
      })),
    }),
  };
};

/** The numbers of a call that tries more than one. */
export const severalOf = (hunt: Hunt | null): readonly HuntedNumber[] | undefined =>
  hunt !== null && hunt.numbers.length > 1 ? hunt.numbers : undefined;
