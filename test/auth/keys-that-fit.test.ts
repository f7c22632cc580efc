/** Key sets as providers publish them: without ids, with two keys during a rotation, and with nulls. */
import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, type JWK } from 'jose';
import {
  asJwk,
  AUDIENCE,
  IdentityProvider,
  ISSUER,
  makeKey,
  signBy,
  type SigningKey,
} from '../support/identity-provider.js';
import { startTestApp } from '../support/test-app.js';
import { createTestDatabase, type TestDatabase } from '../support/test-database.js';

const [one, other, foreign] = await Promise.all(['one', 'other', 'foreign'].map((kid) => makeKey('ES256', kid)));

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const withoutKid = ({ alg, privateKey }: SigningKey): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg })
    .setSubject('1001')
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setExpirationTime('1 minute')
    .sign(privateKey);

const withoutId = ({ kid: _kid, ...jwk }: JWK): JWK => jwk;

const [oneKey, otherKey] = await Promise.all([asJwk(one!), asJwk(other!)]);

const [rsa, foreignRsa] = [await makeKey('RS256', 'rsa'), await makeKey('RS256', 'foreign')];
const rsaKey = await asJwk(rsa);
/** Of 1,024 bits, which jose refuses to use. */
const weakKey = generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' });
const others = await Promise.all(Array.from({ length: 11 }, (_, index) => makeKey('ES256', `other ${index}`)));

it.each<[string, object[], string[], string[]]>([
  [
    'two keys without an id',
    [withoutId(oneKey), withoutId(otherKey)],
    [await withoutKid(one!), await withoutKid(other!)],
    [await withoutKid(foreign!)],
  ],
  [
    'two keys, and tokens without a key id',
    [oneKey, otherKey],
    [await withoutKid(other!)],
    [await withoutKid(foreign!)],
  ],
  [
    'two keys with the same id',
    [
      { ...oneKey, kid: 'same' },
      { ...otherKey, kid: 'same' },
    ],
    [await signBy({ ...other!, kid: 'same' })],
    [await signBy({ ...foreign!, kid: 'same' })],
  ],
  [
    'keys that cannot be used, before the good one',
    [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }, weakKey, withoutId(rsaKey)],
    [await withoutKid(rsa)],
    [await withoutKid(foreignRsa)],
  ],
  [
    'twelve keys without an id',
    [...(await Promise.all(others.map(asJwk))), oneKey].map(withoutId),
    [await withoutKid(one!)],
    [await withoutKid(foreign!)],
  ],
  ['a key whose algorithm is null', [{ ...oneKey, alg: null }], [await signBy(one!)], []],
  [
    'a key whose key_ops is not a list, and a valid key',
    [{ ...otherKey, key_ops: 'verify' }, oneKey],
    [await signBy(one!)],
    [await withoutKid(foreign!)],
  ],
])('with %s each genuine token is accepted, and no other token', async (_what, keys, genuine, forged) => {
  const provider = new IdentityProvider();
  provider.replyInstead = (response) => response.end(JSON.stringify({ keys }));
  const service = await startTestApp({
    databaseUrl: database.url,
    environment: { JWT_JWKS_URI: await provider.listen(), JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE },
  });
  const answerTo = async (token: string): Promise<number> =>
    (await fetch(`${service.url}/v1/app/callState/1?access_token=${token}`)).status;

  expect(await Promise.all(genuine.map(answerTo))).toEqual(genuine.map(() => 200));
  expect(await Promise.all(forged.map(answerTo))).toEqual(forged.map(() => 401));
  await service.close();
  await provider.close();
});
