/**
 * The meaning of Asterisk's refusals: of the originate order, by ARI status, and of leg A itself, which a trunk refuses
 * before a phone has rung. docs/providers/refusals.md shows these rows with their sources. Pure.
 * Except for the number's own device and a malformed order, the number is not the reason: another provider may carry the
 * same call.
 */
import type { Refusal, RefusalCategory } from '../telephony-provider.js';
import type { Story } from './call-story.js';

export interface RefusalRow {
  /** As shown in a call's timeline. */
  readonly code: string;
  readonly category: RefusalCategory;
  readonly means: string;
}

const row = (code: string, category: RefusalCategory, means: string): RefusalRow => ({ code, category, means });

/** Refusals by Ringback itself: Asterisk received no order. */
export const OWN_REFUSALS = {
  unreached: row('UNREACHED', 'provider_down', 'no connection to Asterisk could be made'),
  /** The number may be right: this Asterisk alone has no channel for it. */
  noRule: row('NO-RULE', 'not_permitted', 'no rule of ASTERISK_DIAL fits one of the numbers'),
} as const;

/** Asterisk's own refusals. A proxy's 502 and 504 do not say whether Asterisk has the order, and a phone may ring. */
const REFUSING: readonly number[] = [400, 401, 403, 404, 409, 500, 503];
/** The order is malformed: a setting of ours. */
const MALFORMED = 400;
/** No channel could be made. 409: what a 500 becomes on a connection that has seen a 409. */
const NO_CHANNEL: readonly number[] = [500, 409];

/** By the SIP status of leg A. A code that ends in … matches every status without a row of its own. */
export const SIP_REFUSALS: readonly RefusalRow[] = [
  row('SIP-402', 'no_funds', 'the trunk wants money'),
  row('SIP-401', 'provider_down', 'the trunk does not take Asterisk’s credentials'),
  row('SIP-407', 'provider_down', 'the trunk does not take Asterisk’s credentials'),
  row('SIP-408', 'provider_down', 'no server behind the trunk has replied'),
  row('SIP-482', 'provider_down', 'the call goes round in circles behind the trunk'),
  row('SIP-483', 'provider_down', 'the call goes round in circles behind the trunk'),
  row('SIP-488', 'provider_down', 'the trunk and Asterisk have no codec in common'),
  row('SIP-5…', 'provider_down', 'a server behind the trunk has failed, or takes no more'),
];

/** By the cause of leg A (Q.850), for channels without SIP: the class “resource unavailable”, and 102. */
export const CAUSE_REFUSALS: readonly RefusalRow[] = [
  row('Q850-34', 'provider_down', 'no line is free'),
  row('Q850-38', 'provider_down', 'the network is out of order'),
  row('Q850-41', 'provider_down', 'a temporary failure of the network'),
  row('Q850-42', 'provider_down', 'the switch is congested'),
  row('Q850-44', 'provider_down', 'the line that was asked for is not available'),
  row('Q850-47', 'provider_down', 'no resource is free'),
  row('Q850-102', 'provider_down', 'a timer ran out between switches'),
];

/**
 * By the status of `POST /channels`.
 * @param isPhoneOfNumber whether the device is the number's own phone, and not a trunk
 * @returns null if the outcome of the order is unknown
 */
export const refusalByAri = (status: number, text: string, isPhoneOfNumber: boolean): Refusal | null => {
  if (!REFUSING.includes(status)) return null;
  return { category: categoryByAri(status, isPhoneOfNumber), code: `ARI-${status}`, text };
};

const categoryByAri = (status: number, isPhoneOfNumber: boolean): RefusalCategory => {
  if (status === MALFORMED) return 'forbidden';
  // No phone has registered at the number's own device. A trunk is not registered, not reachable or not there.
  if (NO_CHANNEL.includes(status)) return isPhoneOfNumber ? 'bad_number' : 'provider_down';
  // Asterisk boots, or does not take our user.
  return 'provider_down';
};

/** Null if leg A was not refused, or was refused because of the number. Then the call ends like any other. */
export const refusalOfLegA = (story: Story): Refusal | null => {
  if (story.has('caller_answered') || story.get('state') === 'Ringing') return null;
  const sip = story.get('sip_a');
  const code = sip === undefined ? `Q850-${story.get('cause_a') ?? 0}` : `SIP-${sip}`;
  const refused = rowOf(sip === undefined ? CAUSE_REFUSALS : SIP_REFUSALS, code);
  return refused ? { category: refused.category, code, text: refused.means } : null;
};

const rowOf = (rows: readonly RefusalRow[], code: string): RefusalRow | undefined =>
  rows.find((one) => one.code === code) ??
  rows.find((one) => one.code.endsWith('…') && code.startsWith(one.code.slice(0, -1)));
