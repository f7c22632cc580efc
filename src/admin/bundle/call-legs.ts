/** Both legs of a call side by side, and the providers that were tried: what its events say. Pure. */
import { RINGBACK } from '../../call/record/apply-call-event.js';
import type { CallHistory, TimelineEvent } from '../../call/search/call-history.service.js';

/** What one event says of a leg, in the provider's own words. */
export interface LegReport {
  readonly event: string;
  readonly provider: string;
  readonly occurredAt: Date;
  readonly codes: Readonly<Record<string, unknown>>;
}

export const LEGS = ['caller', 'callee'] as const;
export type LegName = (typeof LEGS)[number];

export interface Leg {
  readonly phone: string;
  readonly ringingAt: Date | null;
  readonly answeredAt: Date | null;
  /** How it ended, as in the record. */
  readonly cause: CallHistory['causes']['A'];
  readonly reports: readonly LegReport[];
}

export interface Legs extends Readonly<Record<LegName, Leg>> {
  /** Codes that name no leg. */
  readonly both: readonly LegReport[];
}

export const legsOf = (call: CallHistory): Legs => {
  const reports = call.events.filter(({ provider, detail }) => provider !== RINGBACK && detail).map(reportsOf);
  const of = (leg: LegName | 'both') => reports.flatMap((report) => report[leg] ?? []);
  const callerAnswered = call.events.find(({ type }) => type === 'caller_answered');
  return {
    caller: {
      phone: call.callerPhone,
      ringingAt: null,
      answeredAt: callerAnswered?.occurredAt ?? null,
      cause: call.causes.A,
      reports: of('caller'),
    },
    callee: {
      phone: call.calleePhone,
      ringingAt: call.ringingAt,
      answeredAt: call.answeredAt,
      cause: call.causes.B,
      reports: of('callee'),
    },
    both: of('both'),
  };
};

const LEG_OF: Readonly<Record<string, LegName>> = { A: 'caller', B: 'callee' };
/** Asterisk's `cause_a`, `cause_b`. */
const OF_A_LEG = /^(.+)_([ab])$/;

/** A detail is about the leg that it names; or each of its fields is, by its name. */
const reportsOf = (event: TimelineEvent): Partial<Record<LegName | 'both', LegReport>> => {
  const { leg, ...rest } = event.detail ?? {};
  const named = typeof leg === 'string' ? LEG_OF[leg] : undefined;
  const codes: Partial<Record<LegName | 'both', Record<string, unknown>>> = {};
  for (const [name, value] of Object.entries(rest)) {
    const [, short = name, letter = ''] = OF_A_LEG.exec(name) ?? [];
    const owner = named ?? LEG_OF[letter.toUpperCase()] ?? 'both';
    (codes[owner] ??= {})[named ? name : short] = value;
  }
  const { type, provider, occurredAt } = event;
  return Object.fromEntries(
    Object.entries(codes).map(([owner, own]) => [owner, { event: type, provider, occurredAt, codes: own }]),
  );
};

export const ATTEMPT_OUTCOMES = ['accepted', 'refused', 'passed_over', 'unknown'] as const;

export interface ProviderAttempt {
  readonly provider: string;
  /** unknown: no reply to the dial is on record, or none was sent. */
  readonly outcome: (typeof ATTEMPT_OUTCOMES)[number];
  readonly at: Date | null;
  /** The refusal, as the provider gave it. */
  readonly why: Readonly<Record<string, unknown>> | null;
}

/** In the order in which they were tried. */
export const attemptsOf = ({ events, provider }: CallHistory): ProviderAttempt[] => {
  const own = events.filter((event) => event.provider === RINGBACK);
  const passedOver = own.flatMap(({ type, detail, occurredAt: at }): ProviderAttempt[] => {
    const { provider: from, noAccountAt, ...why } = detail ?? {};
    const refused = type === 'passed_over' ? [{ provider: String(from), outcome: type, at, why }] : [];
    return [...refused, ...withoutAccount(noAccountAt, at)];
  });
  const last = events.find(({ type }) => type === 'accepted' || type === 'refused');
  const outcome = last?.type === 'refused' ? 'refused' : last ? 'accepted' : 'unknown';
  const refusal = Object.entries(last?.detail ?? {}).filter(([name]) => name !== 'noAccountAt');
  const why = outcome === 'refused' ? Object.fromEntries(refusal) : null;
  return [...passedOver, { provider, outcome, at: last?.occurredAt ?? null, why }];
};

const withoutAccount = (providers: unknown, at: Date): ProviderAttempt[] =>
  (Array.isArray(providers) ? providers : []).map((provider) => ({
    provider: String(provider),
    outcome: 'passed_over',
    at,
    why: { why: 'The caller has no account at this provider.' },
  }));

export interface HangUp {
  /** As in the record. */
  readonly endedBy: CallHistory['endedBy'];
  readonly endReason: CallHistory['endReason'];
  readonly canceledBy: CallHistory['canceledBy'];
  /** Whose leg ended the call, if the provider says so. */
  readonly leg: LegName | null;
  readonly at: Date | null;
}

export const hangUpOf = ({ endedBy, endReason, canceledBy, endedAt, events }: CallHistory): HangUp => {
  const ended = endedBy === 'provider' ? events.find(({ type, detail }) => type === 'ended' && detail?.leg) : undefined;
  const leg = typeof ended?.detail?.leg === 'string' ? (LEG_OF[ended.detail.leg] ?? null) : null;
  return { endedBy, endReason, canceledBy, leg, at: endedAt };
};
