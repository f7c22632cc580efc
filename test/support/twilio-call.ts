/** Twilio accounts of the tests, and a dial with one of them. */
import { TwilioProvider, type TwilioOptions } from '../../src/telephony/twilio/twilio.provider.js';
import type { DialRequest, SubAccountCredentials } from '../../src/telephony/telephony-provider.js';

export const MAIN: SubAccountCredentials = {
  externalId: `AC${'0'.repeat(32)}`,
  secret: '11111111111111111111111111111111',
};
export const TENANT: SubAccountCredentials = {
  externalId: `AC${'a'.repeat(32)}`,
  secret: '22222222222222222222222222222222',
};
export const ACCOUNTS = { [MAIN.externalId]: MAIN.secret, [TENANT.externalId]: TENANT.secret };
export const CALLER_NUMBER = '+15005550006';
/** Another number of the account. */
export const OTHER_CALLER_NUMBER = '+15005550007';
/** Further numbers that the account may show, of two areas. */
export const SHOWN_NUMBERS = [
  '+12125550101',
  '+14155550101',
  '+14155550102',
  '+14155550103',
  '+14155550104',
  '+14155550105',
] as const;

/** The URL that signatures cover; in production, a reverse proxy's. */
export const PUBLIC_URL = 'https://calls.example.com';

/** A service's settings for a Twilio stand-in at that URL. */
export const twilioSettings = (url: string) => ({
  PUBLIC_URL,
  TWILIO_URL: url,
  TWILIO_ACCOUNT_SID: MAIN.externalId,
  TWILIO_AUTH_TOKEN: MAIN.secret,
  TWILIO_CALLER_NUMBER: CALLER_NUMBER,
});

export const twilioProvider = (options: Partial<TwilioOptions> = {}): TwilioProvider =>
  new TwilioProvider({
    accountSid: MAIN.externalId,
    authToken: MAIN.secret,
    publicUrl: 'https://calls.example.com',
    callerNumber: CALLER_NUMBER,
    ringCallerSeconds: 30,
    ringCalleeSeconds: 30,
    longestTalkSeconds: 3600,
    replyLimitMs: 2_000,
    ...options,
  });

let placed = 0;

export const twilioDial = (script: string, subAccount = TENANT): DialRequest => ({
  callSid: `20260101${String(++placed).padStart(24, '0')}`,
  callerPhone: '+8613800001001',
  calleePhone: `+86138000020${script}`,
  subAccount,
});

export const noTimeout = (): AbortSignal => new AbortController().signal;
