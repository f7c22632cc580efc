/**
 * passport-jwt, with jose as its verifier of public keys' signatures. The library that passport-jwt brings knows no EdDSA;
 * it stays for a shared secret, where jose's way through another thread takes seven times as long as the check. The verifier
 * is the part that passport-jwt lets one replace, so extraction, key choice and flow stay its own.
 */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { Inject, Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type * as JwksRsa from 'jwks-rsa';
import { LRUCache } from 'lru-cache';
import { Strategy, type StrategyOptionsWithRequest, type StrategyOptionsWithoutRequest } from 'passport-jwt';
import { CONFIG, type Config } from '../config/config.js';
import { principalOf, tokenOf, type Principal } from './access-token.js';

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
];

/** After this a key is asked for anew; a token that it verified just before is believed for BELIEVED_MS more. */
const KEY_LIFETIME_MS = 30_000;
/** Tokens with made-up key ids must not make us flood the identity provider. */
const KEY_REQUESTS_PER_MINUTE = 20;
const KEY_REQUEST_TIMEOUT_MS = 3_000;

@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(@Inject(CONFIG) config: Config) {
    super({
      jwtFromRequest: tokenOf as StrategyOptionsWithoutRequest['jwtFromRequest'],
      issuer: config.jwtIssuer,
      audience: config.jwtAudience,
      ...keysFrom(config),
    } as StrategyOptionsWithoutRequest);
  }

  validate(claims: JWTPayload): Principal | null {
    return principalOf(claims);
  }
}

const keysFrom = (config: Config): Partial<StrategyOptionsWithRequest> => {
  if (config.jwtJwksUri) {
    // Only where it is needed: it is much to load, and not to be had by jest on Node 24 while our own modules are loading.
    const { passportJwtSecret } = createRequire(import.meta.url)('jwks-rsa') as typeof JwksRsa;
    return {
      algorithms: PUBLIC_KEY_ALGORITHMS as StrategyOptionsWithRequest['algorithms'],
      secretOrKeyProvider: passportJwtSecret({
        jwksUri: config.jwtJwksUri,
        cache: true,
        cacheMaxAge: KEY_LIFETIME_MS,
        rateLimit: true,
        jwksRequestsPerMinute: KEY_REQUESTS_PER_MINUTE,
        timeout: KEY_REQUEST_TIMEOUT_MS,
      }),
    };
  }
  if (!config.jwtSecret) throw new Error('the configuration names no key for access tokens');
  return {
    algorithms: ['HS256'],
    // A KeyObject and not the text: parsing a text as a public key first, on every request, costs forty times as much.
    secretOrKey: createSecretKey(Buffer.from(config.jwtSecret)) as unknown as string,
  };
};

/** Keys from a JWKS come as PEM; parsing one is dearer than the signature check itself. */
const parsedKeys = new LRUCache<string, KeyObject>({ max: 100 });

const parsedKey = (pem: string): KeyObject => {
  const known = parsedKeys.get(pem);
  if (known) return known;
  const key = createPublicKey(pem);
  parsedKeys.set(pem, key);
  return key;
};

type Verifier = (
  token: string,
  key: KeyObject | string | null,
  options: Pick<JWTVerifyOptions, 'issuer' | 'audience' | 'algorithms'>,
  done: (error: unknown, claims?: JWTPayload) => void,
) => void;

/** passport-jwt's own, which its types do not know. */
const verifyBySecret = (Strategy as unknown as { readonly JwtVerifier: Verifier }).JwtVerifier;

const verify: Verifier = (token, key, options, done) => {
  if (!key) {
    done(new Error('no key verifies this token'));
    return;
  }
  if (typeof key !== 'string' && key.type === 'secret') {
    verifyBySecret(token, key, options, done);
    return;
  }
  const { issuer, audience, algorithms } = options;
  const limits: JWTVerifyOptions = { requiredClaims: ['exp', 'sub'] };
  if (issuer) limits.issuer = issuer;
  if (audience) limits.audience = audience;
  if (algorithms) limits.algorithms = algorithms;
  jwtVerify(token, typeof key === 'string' ? parsedKey(key) : key, limits).then(({ payload }) => {
    done(null, payload);
  }, done);
};

Object.assign(Strategy, { JwtVerifier: verify });
