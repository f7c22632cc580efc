/**
 * passport-jwt, with jose as its verifier of public keys' signatures. The library that passport-jwt brings knows no EdDSA;
 * it stays for a shared secret, where jose's way through another thread takes seven times as long as the check. The verifier
 * is the part that passport-jwt lets one replace, so extraction, key choice and flow stay its own.
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

/** The secrets, or where to look for a public key. */
type Key = readonly KeyObject[] | JWTVerifyGetKey;

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
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
    this.leewaySeconds = config.jwtLeewaySeconds;
  }

  validate(claims: JWTPayload): Principal | null {
    return principalOf(claims, this.leewaySeconds);
  }
}

const secretKeys = ({ jwtSecrets }: Config): readonly KeyObject[] => {
  if (!jwtSecrets) throw new Error('the configuration names no key for access tokens');
  // A KeyObject and not the text: parsing a text as a public key first, on every request, costs forty times as much.
  return jwtSecrets.map((secret) => createSecretKey(Buffer.from(secret)));
};

type Limits = Pick<JWTVerifyOptions, 'issuer' | 'audience' | 'algorithms' | 'clockTolerance'>;
type Done = (error: unknown, claims?: JWTPayload) => void;

/** passport-jwt's own, which its types do not know. It calls back before it returns. */
const verifyBySecret = (
  Strategy as unknown as {
    readonly JwtVerifier: (token: string, key: KeyObject, options: Limits, done: Done) => void;
  }
).JwtVerifier;

/** @throws what is wrong with the token */
const claimsBySecrets = (token: string, keys: readonly KeyObject[], limits: Limits): JWTPayload => {
  // It knows neither critical extensions (RFC 7515, 4.1.11) nor what is no object.
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

/** As jsonwebtoken says it. Every other fault is found after the signature, and is the same by any secret. */
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

/** @throws what is wrong with the token, or AppError where the key is to blame */
const claimsByPublicKey = async (token: string, keyFor: JWTVerifyGetKey, limits: Limits): Promise<JWTPayload> => {
  const { issuer, audience, algorithms, clockTolerance } = limits;
  const options: JWTVerifyOptions = { requiredClaims: ['exp', 'sub'] };
  if (issuer) options.issuer = issuer;
  if (audience) options.audience = audience;
  if (algorithms) options.algorithms = algorithms;
  if (clockTolerance) options.clockTolerance = clockTolerance;
  try {
    return await payloadBy(token, keyFor, options);
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof AppError) throw error;
    // What is wrong with a token has an error of jose's; the rest is a key that is too short, say.
    throw new AppError('UNAVAILABLE', { cause: error, retryAfterSeconds: 5 });
  }
};

/** Keys need no id (RFC 7517, 4.5), and a provider that is changing its key may publish two that fit: each of them is tried. */
const payloadBy = async (token: string, keyFor: JWTVerifyGetKey, options: JWTVerifyOptions): Promise<JWTPayload> => {
  try {
    return (await jwtVerify(token, keyFor, options)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    let tried = 0;
    for await (const key of error) {
      if ((tried += 1) > MOST_KEYS_TRIED) break;
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (fault) {
        if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw fault;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
};

/** A provider publishes two or three; each costs a tenth of a millisecond, for anybody's token. */
const MOST_KEYS_TRIED = 8;

const verify = (token: string, key: Key, limits: Limits, done: Done): void => {
  const claims = async (): Promise<JWTPayload> =>
    typeof key === 'function' ? claimsByPublicKey(token, key, limits) : claimsBySecrets(token, key, limits);
  claims().then((payload) => {
    done(null, payload);
  }, done);
};

Object.assign(Strategy, { JwtVerifier: verify });
