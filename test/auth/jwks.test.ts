import { exportSPKI, SignJWT } from 'jose';
import {
  AUDIENCE,
  IdentityProvider,
  ISSUER,
  makeKey,
  signBy as sign,
  type SigningKey,
} from '../support/identity-provider.js';
import { startTestApp, type Envelope, type TestApp } from '../support/test-app.js';

let identityProvider: IdentityProvider;
let service: TestApp;
let environment: Record<string, string>;

beforeAll(async () => {
  identityProvider = new IdentityProvider();
  identityProvider.keys = await Promise.all([
    makeKey('RS256', 'rsa'),
    makeKey('PS256', 'pss'),
    makeKey('ES256', 'p256'),
    makeKey('ES384', 'p384'),
    makeKey('EdDSA', 'ed25519'),
  ]);
  environment = { JWT_JWKS_URI: await identityProvider.listen(), JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE };
  service = await startTestApp({ environment });
});
afterAll(async () => {
  await service.close();
  await identityProvider.close();
});

/** 400 means that the token was accepted; it is the answer about the callSid. */
const answerTo = async (token: string, at: TestApp = service): Promise<number> => {
  const response = await fetch(`${at.url}/v1/app/callState/1?access_token=${token}`);
  return ((await response.json()) as Envelope).returnCode;
};

const key = (kid: string): SigningKey => {
  const found = identityProvider.keys.find((one) => one.kid === kid);
  if (!found) throw new Error(`no key ${kid}`);
  return found;
};

describe('with keys from an identity provider', () => {
  it.each(['rsa', 'pss', 'p256', 'p384', 'ed25519'])('accepts a token signed with its %s key', async (kid) => {
    expect(await answerTo(await sign(key(kid)))).toBe(400);
  });

  it('fetches a key once', async () => {
    await answerTo(await sign(key('rsa')));
    const before = identityProvider.requests;

    for (let i = 0; i < 10; i++) await answerTo(await sign(key('rsa')));

    expect(identityProvider.requests).toBe(before);
  });

  it('accepts a new key', async () => {
    // Of its own, because a service that was asked for an unknown key does not fetch the keys again at once.
    const fresh = await startTestApp({ environment });
    try {
      expect(await answerTo(await sign(key('rsa')), fresh)).toBe(400);
      const rotated = await makeKey('ES256', 'new');
      identityProvider.keys.push(rotated);

      expect(await answerTo(await sign(rotated), fresh)).toBe(400);
    } finally {
      await fresh.close();
    }
  });

  it('accepts the name Ed25519 (RFC 9864) for EdDSA', async () => {
    expect(await answerTo(await sign(key('ed25519'), { alg: 'Ed25519' }))).toBe(400);
  });

  it('refuses a key that the provider does not publish, with a known or an unknown key id', async () => {
    expect(await answerTo(await sign(await makeKey('RS256', 'rsa')))).toBe(401);
    expect(await answerTo(await sign(await makeKey('RS256', 'unheard-of')))).toBe(401);
  });

  it('refuses a revoked key and its verified tokens within a minute', async () => {
    // Of its own, because its clock goes forward and back.
    const watched = await startTestApp({ environment });
    try {
      const leaked = await makeKey('ES256', 'leaked');
      identityProvider.keys.push(leaked);
      const token = await sign(leaked, { lifetime: '1 hour' });
      expect(await answerTo(token, watched)).toBe(400);

      identityProvider.keys = identityProvider.keys.filter(({ kid }) => kid !== 'leaked');
      const [date, steady] = [Date.now(), performance.now()];
      const set = (seconds: number): void => {
        jest.spyOn(Date, 'now').mockReturnValue(date + seconds * 1_000);
        jest.spyOn(performance, 'now').mockReturnValue(steady + seconds * 1_000);
      };
      // Just before the keys are fetched again, so that the revoked key is accepted longest.
      set(25);
      const late = await sign(leaked, { lifetime: '1 hour' });
      expect(await answerTo(late, watched)).toBe(400);
      set(60);
      expect(await answerTo(token, watched)).toBe(401);
      expect(await answerTo(late, watched)).toBe(401);
    } finally {
      jest.restoreAllMocks();
      await watched.close();
    }
  });

  it('refuses another issuer and another audience', async () => {
    expect(await answerTo(await sign(key('rsa'), { issuer: 'https://elsewhere.example.com/' }))).toBe(401);
    expect(await answerTo(await sign(key('rsa'), { audience: 'another service' }))).toBe(401);
  });

  it('refuses an HMAC whose key is the public key', async () => {
    const publicKey = Buffer.from(await exportSPKI(key('rsa').publicKey));
    const forged = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
      .setSubject('1001')
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime('1 minute')
      .sign(publicKey);

    expect(await answerTo(forged)).toBe(401);
  });

  it('refuses a token without a signature', async () => {
    const [header = '', claims = ''] = (await sign(key('rsa'))).split('.');
    const none = Buffer.from('{"alg":"none","kid":"rsa"}').toString('base64url');

    expect(await answerTo(`${header}.${claims}.`)).toBe(401);
    expect(await answerTo(`${none}.${claims}.`)).toBe(401);
  });
});
