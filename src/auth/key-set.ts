/** One fetch of a JSON Web Key Set. */
import type { JWK } from 'jose';
import { fetch, type Agent } from 'undici';
import { boundedText } from '../common/bounded-text.js';
import { startLimit } from '../common/time-limit.js';

/** For the complete response: a server that sends single bytes is as bad as a silent one. */
export const FETCH_LIMIT_MS = 3_000;
/** Ten keys with their certificates are 30 KB. */
const MAX_BYTES = 256 * 1024;

const SIGNING_KEY_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/** @throws Error unless a complete set with at least one signing key arrives in time */
export const fetchKeySet = async (uri: string, dispatcher: Agent, stop: AbortSignal): Promise<JWK[]> => {
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort(new Error(`no complete response within ${FETCH_LIMIT_MS} ms`));
  };
  const endLimit = startLimit(FETCH_LIMIT_MS, abort);
  stop.addEventListener('abort', abort);
  try {
    const response = await fetch(uri, { dispatcher, redirect: 'error', signal: limit.signal, headers: ACCEPT });
    if (response.status !== 200) throw new Error(`expected status 200, got ${response.status}`);
    return signingKeysIn(await boundedText(response, MAX_BYTES));
  } finally {
    endLimit();
    stop.removeEventListener('abort', abort);
    // Closes a response that was not read completely.
    limit.abort();
  }
};

const ACCEPT = { accept: 'application/jwk-set+json, application/json' };

const signingKeysIn = (text: string): JWK[] => {
  const set = JSON.parse(text) as { readonly keys?: unknown } | null;
  if (!Array.isArray(set?.keys)) throw new Error('expected a JSON Web Key Set');
  const keys = set.keys.filter(isSigningKey).map(withoutNulls).map(withoutCurvesAlgorithm);
  if (keys.length === 0) throw new Error('expected a JSON Web Key Set with a key for signatures in it');
  return keys;
};

const isSigningKey = (entry: unknown): entry is JWK => {
  const { kty, use, alg, key_ops: operations } = (entry ?? {}) as Partial<Record<keyof JWK, unknown>>;
  return (
    SIGNING_KEY_TYPES.has(kty) &&
    use !== 'enc' &&
    // Some providers write null for absent fields.
    (alg === undefined || alg === null || typeof alg === 'string') &&
    (operations === undefined || operations === null || Array.isArray(operations))
  );
};

/** EdDSA and Ed25519 (RFC 9864) name the same algorithm, which follows from the curve. */
const withoutCurvesAlgorithm = ({ alg, ...key }: JWK): JWK =>
  alg === undefined || key.crv === 'Ed25519' ? key : { ...key, alg };

const withoutNulls = (key: JWK): JWK =>
  Object.fromEntries(Object.entries(key as Record<string, unknown>).filter(([, value]) => value !== null));
