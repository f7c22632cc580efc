/** Verifies that a request comes from the company, and is about the call in its URL. */
import { isUtf8 } from 'node:buffer';
import type { WebhookReading, WebhookRequest } from '../telephony-provider.js';
import {
  CALLBACK_SOURCES,
  openSeal,
  readPlace,
  type CallbackSource,
  type HuntPlace,
  type SealKey,
} from './callback-url.js';
import type { Dialect } from './dialect.js';

export interface GenuineCallback {
  readonly kind: 'genuine';
  readonly callSid: string;
  /** The account that owns the call. */
  readonly accountSid: string;
  readonly source: CallbackSource;
  readonly fields: URLSearchParams;
  /** What the URL says is to follow: a document if the caller confirms the call, or the numbers of a hunt that are left. */
  readonly then?: string;
  readonly hunt?: HuntPlace;
  /** What the seal contains (Dialect.sealed). */
  readonly sealed: string;
}

type CheckedCallback = GenuineCallback | Extract<WebhookReading, { kind: 'forged' }>;

export interface CallbackCheck {
  readonly dialect: Dialect;
  /**
   * The URL that the company was given, without a trailing slash. The host and scheme of the request itself do not
   * count, because the last proxy sets them.
   */
  readonly publicUrl: string;
  readonly key: SealKey;
  /** Keys that verify callbacks, beside what is sealed. */
  readonly signingKeys: readonly string[];
  /** The main account. It owns all calls, unless the company has sub-accounts. */
  readonly mainAccount: string;
  readonly now: Date;
}

export const checkCallback = (
  { headers, body, target }: WebhookRequest,
  { dialect, publicUrl, key, signingKeys, mainAccount, now }: CallbackCheck,
): CheckedCallback => {
  if (!isUtf8(body)) return forged('The body is not UTF-8');
  const query = new URLSearchParams(target.split('?', 2)[1] ?? '');
  const fields = new URLSearchParams(body.toString('utf8'));
  const callSid = query.get('callSid') ?? '';
  const source = CALLBACK_SOURCES.find((one) => one === query.get('source'));
  const { company, hasSubAccounts, urlFragment } = dialect;
  if (source === undefined) return forged(`The URL is not one that ${company} was given`);
  const accountSid = hasSubAccounts ? (fields.get('AccountSid') ?? '') : mainAccount;
  const hunt = readPlace(query.get('hunt'));
  const sealed = openSeal(key, query.get('seal') ?? '', { callSid, source, accountSid, hunt });
  if (sealed === null) return forged(`The URL is not one that ${company} was given for this call and account`);
  // Twilio's documentation does not say whether the fragment is signed. So both forms are accepted; the fragment is a
  // constant of ours.
  const urls = [publicUrl + target, ...(urlFragment === '' ? [] : [publicUrl + target + urlFragment])];
  const fault = dialect.faultOfSignature({ headers, urls, fields, body, now }, { sealed, signingKeys });
  if (fault !== null) return forged(fault);
  const then = openSeal(key, query.get('then') ?? '', { callSid, accountSid, source: 'then', hunt });
  return {
    ...{ kind: 'genuine', callSid, accountSid, source, fields, sealed },
    ...(then !== null && { then }),
    ...(hunt && { hunt }),
  };
};

const forged = (reason: string): Extract<WebhookReading, { kind: 'forged' }> => ({
  kind: 'forged',
  reason: `${reason}.`,
});
