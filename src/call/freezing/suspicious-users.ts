/** Which of some users' calls a rule freezes: statements over the record, from the last lift of a user's freeze on. */
import { getCountries, getCountryCallingCode, type CountryCode } from 'libphonenumber-js/max';
import type { EntityManager } from 'typeorm';
import { countryOf } from '../../common/phone-number.js';
import type { FreezeLimit, FreezeRules } from '../../config/setting-values.js';
import type { RuleFault } from '../../protection/placing-rules.js';
import { minCallSidAt } from '../record/call-sid.js';

export interface Suspicion {
  readonly userId: string;
  /** As in FREEZE_RULES. */
  readonly rule: 'new_countries' | 'rate' | 'refusals' | 'short_calls';
  /** A sentence. */
  readonly reason: string;
}

/** What a rule compares recent calls with, in days. */
const USUAL_DAYS = 30;
/** Calls of one user that are read of these days. */
const MAX_USUAL_CALLS = 5_000;
/** An hour with as many calls is usual for everybody. */
const USUAL_CALLS = 10;
const SHORT_CALL_SECONDS = 6;

const ago = (now: Date, seconds: number): Date => new Date(now.getTime() - seconds * 1_000);

/** As SQL, of each user of $1: since when calls count. $2: the beginning of the rule's window */
const USERS = `
unnest($1::bigint[]) as one (id)
cross join lateral (
  select greatest($2::timestamptz, max(lifted_at)) as since from call_freeze where kind = 'user' and subject = one.id::text
) counted`;

/** As SQL: calls of the user that were requested since `counted.since`. The bound of the callSid lets the index be used. */
const callsOf = (bound: string): string => `
  select requested_at, answered_at, ended_at, callee_phone from call_records
  where caller_id = one.id and state = 4 and call_sid >= ${bound} and requested_at >= counted.since
  union all
  select requested_at, answered_at, ended_at, callee_phone
  from open_call open join call_records running on running.call_sid = open.call_sid
  where open.caller_id = one.id and requested_at >= counted.since`;

/**
 * What a user who asks for fraudulent calls meets. An outage, a freeze, or a provider's refusal is nobody's fault, and apps that
 * ask again by themselves must not freeze their users.
 */
const COUNTED_FAULTS: readonly RuleFault[] = [
  'callee_not_allowed',
  'callee_suppressed',
  'callee_in_quiet_hours',
  'callee_called_too_often',
  'callee_in_a_call',
  'caller_calls_too_often',
  'caller_calls_too_many_numbers',
];

const countRefusals = async (database: EntityManager, users: readonly string[], limit: FreezeLimit, now: Date) => {
  const rows = await database.query<{ userId: string; refusals: number }[]>(
    `select one.id as "userId", refused.refusals
     from ${USERS}
     cross join lateral (
       select coalesce(sum(count), 0)::integer as refusals from call_refusal
       where caller_id = one.id and at >= counted.since and asked_by is null and fault = any ($4)
     ) refused
     where refused.refusals > $3`,
    [users, ago(now, limit.seconds), limit.count, COUNTED_FAULTS],
  );
  return rows.map(({ userId, refusals }): Suspicion => ({
    userId,
    rule: 'refusals',
    reason: `${refusals} calls were refused within ${limit.seconds} s.`,
  }));
};

const countShortCalls = async (database: EntityManager, users: readonly string[], limit: FreezeLimit, now: Date) => {
  const since = ago(now, limit.seconds);
  const rows = await database.query<{ userId: string; calls: number }[]>(
    `select one.id as "userId", short.calls
     from ${USERS}
     cross join lateral (
       select count(*)::integer as calls from (${callsOf('$3')}) call
       where ended_at - answered_at < interval '${SHORT_CALL_SECONDS} seconds'
     ) short
     where short.calls > $4`,
    [users, since, minCallSidAt(since), limit.count],
  );
  return rows.map(({ userId, calls }): Suspicion => ({
    userId,
    rule: 'short_calls',
    reason: `${calls} calls of less than ${SHORT_CALL_SECONDS} s of talk within ${limit.seconds} s.`,
  }));
};

const HOUR_SECONDS = 3_600;

/** The usual number: the average of the hours, in the days before this hour, in which the user has placed calls at all. */
const findHighRates = async (database: EntityManager, users: readonly string[], factor: number, now: Date) => {
  const since = ago(now, HOUR_SECONDS);
  const rows = await database.query<{ userId: string; calls: number; usual: number }[]>(
    `select one.id as "userId", recent.calls, usual.calls as usual
     from ${USERS}
     cross join lateral (select count(*)::integer as calls from (${callsOf('$3')}) call) recent
     cross join lateral (
       select greatest(${USUAL_CALLS}, coalesce(count(*) / nullif(count(distinct date_trunc('hour', requested_at)), 0), 0))::integer as calls
       from (
         select requested_at from call_records
         where caller_id = one.id and state = 4 and call_sid >= $4 and call_sid < $3 and recent.calls > $5::integer * ${USUAL_CALLS}
         order by call_sid desc limit ${MAX_USUAL_CALLS}
       ) call
     ) usual
     where recent.calls > $5::integer * usual.calls`,
    [users, since, minCallSidAt(since), minCallSidAt(ago(now, USUAL_DAYS * 86_400)), factor],
  );
  return rows.map(({ userId, calls, usual }): Suspicion => ({
    userId,
    rule: 'rate',
    reason: `${calls} calls within an hour, more than ${factor} times the usual ${usual}.`,
  }));
};

/** Countries of numbers abroad that the user has called in the window, and in no call of the days before it. */
const findNewCountries = async (
  database: EntityManager,
  users: readonly string[],
  limit: FreezeLimit,
  { now, region }: { readonly now: Date; readonly region: string },
) => {
  const since = ago(now, limit.seconds);
  const callers = await database.query<{ userId: string; phones: string[] }[]>(
    `select one.id as "userId", called.phones
     from ${USERS}
     cross join lateral (
       select array_agg(distinct callee_phone) as phones from (${callsOf('$3')}) call
       where starts_with(callee_phone, '+') and not starts_with(callee_phone, $5)
     ) called
     where cardinality(called.phones) > $4`,
    [users, since, minCallSidAt(since), limit.count, homePrefix(region)],
  );
  const found: Suspicion[] = [];
  for (const { userId, phones } of callers) {
    const countries = countriesOf(phones, region);
    if (countries.size <= limit.count) continue;
    const before = await database.query<{ phone: string }[]>(
      `select distinct callee_phone as phone from (
         select callee_phone from call_records
         where caller_id = $1 and state = 4 and call_sid >= $2 and call_sid < $3
         order by call_sid desc limit ${MAX_USUAL_CALLS}
       ) call`,
      [userId, minCallSidAt(ago(now, USUAL_DAYS * 86_400)), minCallSidAt(since)],
    );
    for (const country of countriesOf(
      before.map(({ phone }) => phone),
      region,
    ))
      countries.delete(country);
    if (countries.size > limit.count) {
      const names = [...countries].sort().join(', ');
      found.push({ userId, rule: 'new_countries', reason: `First calls to ${names} within ${limit.seconds} s.` });
    }
  }
  return found;
};

/** A prefix that only numbers of the region have: then most numbers need not be looked at. Else a text that none begins with. */
const homePrefix = (region: string): string => {
  const code = getCountryCallingCode(region as CountryCode);
  const isShared = getCountries().some((country) => country !== region && getCountryCallingCode(country) === code);
  return isShared ? ' ' : `+${code}`;
};

/** Without the region itself. */
const countriesOf = (phones: readonly string[], region: string): Set<string> =>
  new Set(phones.map((phone) => countryOf(phone, region) ?? 'no country').filter((country) => country !== region));

/** @param region PHONE_REGION */
export const findSuspicious = async (
  database: EntityManager,
  users: readonly string[],
  rules: FreezeRules,
  { now, region }: { readonly now: Date; readonly region: string },
): Promise<Suspicion[]> => [
  ...(rules.refusals ? await countRefusals(database, users, rules.refusals, now) : []),
  ...(rules.shortCalls ? await countShortCalls(database, users, rules.shortCalls, now) : []),
  ...(rules.rate === null ? [] : await findHighRates(database, users, rules.rate, now)),
  ...(rules.newCountries ? await findNewCountries(database, users, rules.newCountries, { now, region }) : []),
];
