import { inspect } from 'node:util';
import { processMetrics } from '../../src/common/metrics.js';
import { readKeyRing } from '../../src/config/key-ring.js';
import { decryptSecret, encryptSecret, type StoredSecret } from '../../src/directory/secret-cipher.js';

const keyText = (name: string): string => `${name}:${Buffer.alloc(32, name).toString('base64')}`;
const KEYS = readKeyRing(keyText('new') + ',' + keyText('old'));
const OLD_KEYS = readKeyRing(keyText('old'));

const OWNER = { userId: '1001', provider: 'simulator' };
const SECRET = 'nobody may read this';

const problemOf = (stored: StoredSecret, owner = OWNER, keys = KEYS): Error => {
  try {
    return new Error(`read as ${decryptSecret(stored, owner, keys)}`);
  } catch (error) {
    return error as Error;
  }
};

it.each([
  ['one letter', 's'],
  ['a sentence', SECRET],
  ['other scripts', '密码 🔑'],
  ['the longest allowed secret', 'a'.repeat(4_000)],
])('decrypts an encrypted secret: %s', (_what, secret) => {
  const stored = encryptSecret(secret, OWNER, KEYS);

  expect(stored.keyName).toBe('new');
  expect(decryptSecret(stored, OWNER, KEYS)).toBe(secret);
});

it('stores a nonce of 12 bytes, a ciphertext of the secret’s length, and a tag of 16 bytes', () => {
  const bytes = Buffer.from(encryptSecret(SECRET, OWNER, KEYS).secret, 'base64');

  expect(bytes).toHaveLength(12 + SECRET.length + 16);
  expect(bytes.toString('latin1')).not.toContain(SECRET.slice(0, 4));
});

it('encrypts the same secret differently each time', () => {
  const stored = Array.from({ length: 1_000 }, () => encryptSecret(SECRET, OWNER, KEYS).secret);

  expect(new Set(stored.map((text) => text.slice(0, 16))).size).toBe(1_000);
});

it('decrypts secrets of any key of the ring, and reads plain secrets', () => {
  expect(decryptSecret(encryptSecret(SECRET, OWNER, OLD_KEYS), OWNER, KEYS)).toBe(SECRET);
  expect(decryptSecret({ secret: SECRET, keyName: null }, OWNER, KEYS)).toBe(SECRET);
});

it('names the missing key and the owner of the secret, and counts the failure', async () => {
  const failures = async () =>
    (await processMetrics.getSingleMetric('ringback_secrets_unreadable_total')!.get()).values[0]!.value;
  const before = await failures();

  const { message } = problemOf(encryptSecret(SECRET, OWNER, KEYS), OWNER, OLD_KEYS);

  expect(await failures()).toBe(before + 1);

  expect(message).toBe(
    'The secret of user 1001’s sub-account at simulator cannot be read: SUB_ACCOUNT_KEYS holds no key new',
  );
});

it.each([
  ['another user’s row', { ...OWNER, userId: '1002' }],
  ['the row of another provider', { ...OWNER, provider: 'asterisk' }],
])('refuses a secret that was copied into %s', (_where, owner) => {
  expect(problemOf(encryptSecret(SECRET, OWNER, KEYS), owner).message).toBe(
    `The secret of user ${owner.userId}’s sub-account at ${owner.provider} cannot be read: ` +
      'it is not what the key new has encrypted for it',
  );
});

it('refuses another key with the same name', () => {
  const impostor = readKeyRing(`new:${Buffer.alloc(32, 'x').toString('base64')}`);

  expect(problemOf(encryptSecret(SECRET, OWNER, impostor)).message).toContain('not what the key new has encrypted');
});

it('refuses a secret with any changed bit or any truncation, without its value in the error', () => {
  const stored = encryptSecret(SECRET, OWNER, KEYS);
  const bytes = Buffer.from(stored.secret, 'base64');
  const changed = Array.from({ length: bytes.length * 8 }, (_, bit) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3]! ^= 1 << (bit & 7);
    return copy;
  });
  const cut = Array.from({ length: bytes.length }, (_, length) => bytes.subarray(0, length));

  for (const wrong of [...changed, ...cut]) {
    const problem = problemOf({ ...stored, secret: wrong.toString('base64') });

    expect(problem.message).toContain('not what the key new has encrypted for it');
    expect(inspect(problem, { depth: null, showHidden: true })).not.toContain(SECRET.slice(0, 8));
  }
});
