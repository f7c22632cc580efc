/**
 * passport-jwt, with jose as the verifier of public-key signatures. passport-jwt's own library does not support EdDSA.
 * It is kept for a shared secret, because jose uses another thread for it, which takes seven times as long as the
 * check. Only the verifier is replaced; extraction, key choice and flow are passport-jwt's.
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from 'jose';
import { Strategy, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { AppError } from '../common/error-table.js';
import { CONFIG, type Config } from '../config/config.js';
import { principalOf, type Principal } from './access-token.js';
import { withBadClaims } from './challenge.js';
import { PublishedKeys } from './published-keys.js';

const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  // RFC 9864
  'Ed25519',
];

/** The shared secrets, or the look-up of a public key. */
type Key = readonly KeyObject[] | JWTVerifyGetKey;

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  /** The claim that names the user. */
  private readonly userClaim: string;
  private readonly leewaySeconds: number;

  constructor(@Inject(CONFIG) config: Config, @Inject(PublishedKeys) published: PublishedKeys | null) {
    const key: Key = published ? (header) => published.keyFor(header) : secretKeys(config);
    super({
      jwtFromRequest: ({ token }: { readonly token: string }) => token,
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      algorithms: published ? PUBLIC_KEY_ALGORITHMS : ['HS256'],
      jsonWebTokenOptions: { clockTolerance: config.jwtLeewaySeconds },
      secretOrKeyProvider: (_request: unknown, _token: string, done: (error: unknown, key: Key) => void) => {
        done(null, key);
      },
    } as unknown as StrategyOptionsWithoutRequest);
    this.userClaim = config.jwtUserClaim;
    this.leewaySeconds = config.jwtLeewaySeconds;
  }

  validate(claims: JWTPayload): Principal {
    const principal = principalOf(claims, this.userClaim, this.leewaySeconds);
    if (principal === null) throw withBadClaims(claims, this.userClaim);
    return principal;
  }
}

const secretKeys = ({ jwtSecrets }: Config): readonly KeyObject[] => {
  if (!jwtSecrets) throw new Error('the configuration names no key for access tokens');
  // A KeyObject and not a string: a string is first parsed as a public key on every request, which costs forty times as
  // much.
  return jwtSecrets.map((secret) => createSecretKey(Buffer.from(secret)));
};

type Limits = Pick<JWTVerifyOptions, 'issuer' | 'audience' | 'algorithms' | 'clockTolerance'>;
type Done = (error: unknown, claims?: JWTPayload) => void;

/** passport-jwt's own verifier, which is missing in its types. It calls back synchronously. */
const verifyBySecret = (
  Strategy as unknown as {
    readonly JwtVerifier: (token: string, key: KeyObject, options: Limits, done: Done) => void;
  }
).JwtVerifier;

/** @throws the fault of the token */
const claimsBySecrets = (token: string, keys: readonly KeyObject[], limits: Limits): JWTPayload => {
  // jsonwebtoken does not check critical extensions (RFC 7515, 4.1.11), nor that the payload is an object.
  if ('crit' in decodeProtectedHeader(token)) throw new errors.JOSENotSupported('a critical extension');
  let refusal: unknown;
  for (const key of keys) {
    try {
      return claimsBySecret(token, key, limits);
    } catch (error) {
      refusal = error;
      if ((error as Error).message !== OTHER_SECRET) break;
    }
  }
  throw refusal;
};

/** jsonwebtoken's message. All other faults are found after the signature check, and are the same with any secret. */
const OTHER_SECRET = 'invalid signature';

const claimsBySecret = (token: string, key: KeyObject, limits: Limits): JWTPayload => {
  let outcome: Parameters<Done> = [new Error('not verified')];
  verifyBySecret(token, key, limits, (...result) => {
    outcome = result;
  });
  const [error, claims] = outcome;
  if (error || !claims) throw (error ?? new errors.JWTInvalid('no claims')) as Error;
  return claims;
};

/** @throws the fault of the token; AppError if the key is at fault */
const claimsByPublicKey = async (token: string, keyFor: JWTVerifyGetKey, limits: Limits): Promise<JWTPayload> => {
  const { issuer, audience, algorithms, clockTolerance } = limits;
  const options: JWTVerifyOptions = { requiredClaims: ['exp'] };
  if (issuer) options.issuer = issuer;
  if (audience) options.audience = audience;
  if (algorithms) options.algorithms = algorithms;
  if (clockTolerance) options.clockTolerance = clockTolerance;
  try {
    return await payloadBy(token, keyFor, options);
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof AppError) throw error;
    // Faults of a token have an error class of jose. Other errors come from the key, for example one that is too short.
    throw new AppError('UNAVAILABLE', { cause: error, retryAfterSeconds: 5 });
  }
};

/** Keys may have no id (RFC 7517, 4.5), and during a key change two may match. So each is tried. */
const payloadBy = async (token: string, keyFor: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> => {
  try {
    return (await jwtVerify(token, keyFor, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    let hasUsableKey = false;
    let keyFault: unknown;
    for await (const key of error) {
      if ((tried += 1) > MAX_KEYS_TRIED) break;
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (fault) {
        if (fault instanceof errors.JWSSignatureVerificationFailed) hasUsableKey = true;
        // Of the claims: the signature is right.
        else if (fault instanceof errors.JOSEError) throw fault;
        else keyFault = fault;
      }
    }
    if (keyFault !== undefined && !hasUsableKey) throw keyFault as Error;
    throw new errors.JWSSignatureVerificationFailed();
  }
};

/**
 * An identity provider publishes two or three keys. Each try costs a tenth of a millisecond, even for unauthenticated
 * clients.
 */
const MAX_KEYS_TRIED = 16;

const verify = (token: string, key: Key, limits: Limits, done: Done): void => {
  const claims = async (): Promise<JWTPayload> =>
    typeof key === 'function' ? claimsByPublicKey(token, key, limits) : claimsBySecrets(token, key, limits);
  claims().then((payload) => {
    done(null, payload);
  }, done);
};

Object.assign(Strategy, { JwtVerifier: verify });
