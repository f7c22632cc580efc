/**
 * The challenges in WWW-Authenticate for refused tokens (RFC 6750, 3). A fault before the signature is verified gives
 * no detail: a wrong key, a wrong signature and a forged claim have the same text.
 */
import { errors as jose } from 'jose';
import { AppError } from '../common/error-table.js';
import { hasSeveralTokens, isAttempt, type TokenCarrier } from './access-token.js';

type Code = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

const challengeOf = (code: Code, description: string): string =>
  `Bearer error="${code}", error_description="${description}"`;

/** @param cause for the log, which may have more detail */
const unauthenticated = (code: Code, description: string, cause: unknown = new Error(description)): AppError =>
  new AppError('UNAUTHENTICATED', { challenge: challengeOf(code, description), cause });

/** A token that nobody can have from us: counted for its address (failed-tokens.ts). An expired one is a user's. */
export class FailedToken extends AppError {
  constructor(description: string, cause: unknown = new Error(description)) {
    super('UNAUTHENTICATED', { challenge: challengeOf('invalid_token', description), cause });
  }
}

/** For a request without exactly one token. */
export const withoutToken = (request: TokenCarrier): AppError => {
  if (hasSeveralTokens(request)) {
    return unauthenticated(
      'invalid_request',
      'Two tokens: send only one, in the Authorization header or as access_token.',
    );
  }
  if (isAttempt(request)) return new FailedToken('The token has invalid characters.');
  // RFC 6750, 3.1: no error code if the request lacks any authentication.
  return new AppError('UNAUTHENTICATED');
};

/** @param cause the error of jsonwebtoken or jose */
export const withBadToken = (cause: Error): AppError => {
  const fault = faultOf(cause);
  return fault === NOT_VERIFIED ? new FailedToken(fault, cause) : unauthenticated('invalid_token', fault, cause);
};

/**
 * For a token with a valid signature, whose claims name no user or no end.
 * @param userClaim the claim that has to name the user
 */
export const withBadClaims = (claims: { readonly exp?: unknown }, userClaim: string): AppError =>
  unauthenticated(
    'invalid_token',
    Number.isFinite(claims.exp)
      ? `The claim ${userClaim} must be a user id, as a string of digits, or an externalId.`
      : NO_EXP,
  );

/** @param shown the beginning of the key, for the log */
export const withKeyInUrl = (shown: string): AppError =>
  unauthenticated(
    'invalid_request',
    'An API key must not be in a URL, which proxies log: send it in the Authorization header.',
    new Error(`API key ${shown}… in the URL`),
  );

export const withBrokenKey = (shown: string): AppError =>
  new FailedToken('The API key is incomplete or mistyped.', new Error(`API key ${shown}… is incomplete or mistyped`));

export const withUnknownKey = (shown: string): AppError =>
  new FailedToken(
    'The API key is unknown, revoked or expired.',
    new Error(`API key ${shown}… is unknown, revoked or expired`),
  );

/** For a request that acts as a user, with an API key. */
export const withoutUser = (): AppError =>
  unauthenticated('invalid_token', 'An API key is no user: send the token of a user.');

export const withoutScope = (scope: string): AppError =>
  new AppError('FORBIDDEN', {
    challenge: `${challengeOf('insufficient_scope', `The token lacks the scope ${scope}.`)}, scope="${scope}"`,
  });

const NO_EXP = 'The claim exp is missing.';
const NOT_VERIFIED = 'The token is malformed, or its signature cannot be verified.';

/** Errors of jsonwebtoken, whose types are not available here. All of them occur after the signature check. */
interface ClaimError extends Error {
  readonly expiredAt?: Date;
  /** When it becomes valid. */
  readonly date?: Date;
}

const faultOf = (error: ClaimError): string => {
  if (error.expiredAt) return expired(error.expiredAt.getTime());
  if (error instanceof jose.JWTExpired) return expired((error.payload.exp ?? 0) * 1_000);
  if (error.name === 'NotBeforeError' && error.date) return early(error.date.getTime());
  if (error instanceof jose.JWTClaimValidationFailed) return CLAIMS[error.claim] ?? NOT_VERIFIED;
  const [, claim = ''] = /^jwt (audience|issuer) invalid/.exec(error.message) ?? [];
  return CLAIMS[claim] ?? NOT_VERIFIED;
};

const OTHER_AUDIENCE = 'The token is for another audience.';
const OTHER_ISSUER = 'The token is from another issuer.';

const CLAIMS: Readonly<Record<string, string>> = {
  aud: OTHER_AUDIENCE,
  audience: OTHER_AUDIENCE,
  iss: OTHER_ISSUER,
  issuer: OTHER_ISSUER,
  exp: NO_EXP,
  nbf: 'The token is not valid yet.',
};

/** A claim beyond all dates gives NaN. */
const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000) || 0);
const expired = (at: number): string => `The token expired ${seconds(Date.now() - at)} s ago.`;
const early = (at: number): string => `The token is not valid for another ${seconds(at - Date.now())} s.`;
