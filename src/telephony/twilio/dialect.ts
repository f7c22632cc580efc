/**
 * How a company that speaks Twilio's requests and callbacks differs from Twilio. A dialect is constants and pure
 * functions. What is not part of it is the same for all of them.
 */
import type { ErrorCodes } from './error-codes.js';
import type { OrderForm } from './dial-order.js';
import type { SignatureKeys, SignedCallback } from './signature.js';

export interface Dialect extends OrderForm {
  /** The provider's name. */
  readonly name: string;
  /** Its name in messages. */
  readonly company: string;
  /** Null if each customer has an own one. */
  readonly apiUrl: string | null;
  /** The form of ids, as the source of a regular expression. */
  readonly accountId: string;
  readonly callId: string;
  /** The hint for a sub-account that cannot be the company's. */
  readonly accountHint: string;
  /** Whether other accounts than the main one can place calls. Their callbacks must be verifiable. */
  readonly hasSubAccounts: boolean;
  /** An account's id in a form that Twilio's package accepts. */
  readonly packageAccount: (accountId: string) => string;
  /** The request of Twilio's package in the company's form. */
  readonly wireRequest: (request: ApiRequest) => WireRequest;
  /** The body of a refusal in Twilio's form, with `code` and `message`. */
  readonly errorBody: (status: number, body: string) => string;
  readonly errorCodes: ErrorCodes;
  readonly noSuchCall: number;
  /** The call is over, or cannot be changed in this way. */
  readonly invalidCallState: readonly number[];
  /** Whether an account has a record of its own. Otherwise the health check lists its calls. */
  readonly fetchesAccount: boolean;
  /** Whether the reply to a dial contains the call's id. Otherwise the first callback does. */
  readonly repliesWithId: boolean;
  /** Whether a record of a call tells which call has dialled it, and can be searched for by that. */
  readonly recordsParents: boolean;
  /** Filters of the searches that together find a dial's call, beside its two numbers. */
  readonly searches: (startedAfter: Date) => readonly CallFilter[];
  /** Whether `canceled` ends only a leg that has not been answered. */
  readonly cancelsUnanswered: boolean;
  /** Ends each callback URL: the company reads it as instructions to itself, and does not send it. */
  readonly urlFragment: string;
  /** What a callback URL contains, sealed. */
  readonly sealed: (secret: string) => string;
  /** @returns the fault of the signature; null if it is valid */
  readonly faultOfSignature: (callback: SignedCallback, keys: SignatureKeys) => string | null;
  /** The callback field with a leg's SIP code. */
  readonly sipCodeField: string;
  /** Whether leg B is `no-answer` only if the callee did not answer, and `canceled` if the caller gave up. */
  readonly legBTellsNoAnswer: boolean;
}

/** As Twilio's package filters a list of calls. */
export interface CallFilter {
  readonly startTimeAfter?: Date;
  readonly status?: 'queued' | 'ringing';
}

/** A request of Twilio's package. */
export interface ApiRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly user: string;
  readonly secret: string;
  /** Null for GET. */
  readonly form: URLSearchParams | null;
}

export interface WireRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export const basicAuthorization = (user: string, secret: string): string =>
  `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

/** `/2010-04-01/Accounts/AC…`, with an account's id that is none of Twilio's. */
const PACKAGE_ACCOUNT = /^\/2010-04-01\/Accounts\/AC/;
export const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
export const prefixedAccount = (accountId: string): string => `AC${accountId}`;

/** @returns the path with the account's own id */
export const pathUnder = (accounts: string, path: string): string => path.replace(PACKAGE_ACCOUNT, `${accounts}/`);

export const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

interface ErrorItem {
  readonly code?: unknown;
  readonly title?: unknown;
  readonly detail?: unknown;
  readonly message?: unknown;
}

/**
 * Turns `{"errors":[{"code":"10009","title":…}]}` into Twilio's form. Only the company itself sends this form, so a
 * refusal without a code gets one.
 */
export const firstError =
  (noSuchCall: number) =>
  (status: number, body: string): string => {
    const [error] = errorsIn(body);
    if (!error) return body;
    const code = Number(error.code ?? (status === 404 ? noSuchCall : status));
    const message = [error.title, error.detail, error.message].filter((text) => typeof text === 'string').join(': ');
    return JSON.stringify({ code: Number.isSafeInteger(code) ? code : status, message });
  };

const errorsIn = (body: string): readonly ErrorItem[] => {
  try {
    const { errors } = JSON.parse(body) as { errors?: unknown };
    return Array.isArray(errors)
      ? errors.filter((error): error is ErrorItem => typeof error === 'object' && !!error)
      : [];
  } catch {
    return [];
  }
};
