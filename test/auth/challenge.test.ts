/** The WWW-Authenticate header for a refused token (RFC 6750, 3), without any detail that helps to forge one. */
import { createHmac } from 'node:crypto';
import { SignJWT } from 'jose';
import { AUDIENCE, IdentityProvider, ISSUER, makeKey } from '../support/identity-provider.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';

const now = (): number => Math.floor(Date.now() / 1_000);
const GOOD = { sub: '1001', iss: ISSUER, aud: AUDIENCE };

const NOT_VERIFIED = 'The token is malformed, or its signature cannot be verified.';
const NO_USER = 'The claim sub must be a user id, as a string of digits, or an externalId.';
const NO_EXP = 'The claim exp is missing.';

const invalid = (description: string) => `Bearer error="invalid_token", error_description="${description}"`;

interface Refusal {
  readonly status: number;
  readonly challenge: string | null;
}

const refusalAt = async (url: string, headers: Record<string, string> = {}): Promise<Refusal> => {
  const response = await fetch(url, { headers });
  await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get('www-authenticate') };
};

describe.each(['JWT_SECRET', 'JWT_JWKS_URI'] as const)('under %s', (setting) => {
  let provider: IdentityProvider;
  let service: TestApp;
  let sign: (claims: object) => Promise<string>;
  let forge: (claims: object) => Promise<string>;

  beforeAll(async () => {
    provider = new IdentityProvider();
    const [key, other] = await Promise.all([makeKey('ES256', 'ours'), makeKey('ES256', 'ours')]);
    provider.keys = [key];
    service = await startTestApp({
      environment: {
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        ...(setting === 'JWT_JWKS_URI' && { JWT_JWKS_URI: await provider.listen() }),
      },
    });
    const signer = (secret: Parameters<SignJWT['sign']>[0], alg: string) => (claims: object) =>
      new SignJWT({ ...GOOD, ...claims }).setProtectedHeader({ alg, kid: 'ours' }).sign(secret);
    const isSecret = setting === 'JWT_SECRET';
    sign = isSecret ? signer(Buffer.from(TEST_SECRET), 'HS256') : signer(key.privateKey, 'ES256');
    forge = isSecret ? signer(Buffer.alloc(32, 'x'), 'HS256') : signer(other.privateKey, 'ES256');
  });
  afterAll(async () => {
    await service.close();
    await provider.close();
  });

  const refusalOf = (token: string): Promise<Refusal> =>
    refusalAt(`${service.url}/v1/app/callState/1?access_token=${token}`);

  it.each<[string, () => object, string]>([
    ['of another audience', () => ({ aud: 'elsewhere', exp: now() + 60 }), 'The token is for another audience.'],
    ['of another issuer', () => ({ iss: 'elsewhere', exp: now() + 60 }), 'The token is from another issuer.'],
    ['of no user', () => ({ sub: '0', exp: now() + 60 }), NO_USER],
    ['of an API key’s subject', () => ({ sub: 'key:1', exp: now() + 60 }), NO_USER],
    ['whose user id is a number', () => ({ sub: 1001, exp: now() + 60 }), NO_USER],
    ['without exp', () => ({}), NO_EXP],
    ['of no user and without exp', () => ({ sub: '0' }), NO_EXP],
  ])('a token %s is refused with the reason', async (_what, claims, description) => {
    expect(await refusalOf(await sign(claims()))).toEqual({ status: 401, challenge: invalid(description) });
  });

  it('a token that has expired is refused with the time since then', async () => {
    const { status, challenge } = await refusalOf(await sign({ exp: now() - 3_600 }));

    expect([status, challenge]).toEqual([
      401,
      expect.stringMatching(/^Bearer error="invalid_token", error_description="The token expired 36\d\d s ago\."$/),
    ]);
  });

  it('a token that is not valid yet is refused with the reason', async () => {
    const { status, challenge } = await refusalOf(await sign({ nbf: now() + 3_600, exp: now() + 7_200 }));

    expect([status, challenge]).toEqual([
      401,
      expect.stringMatching(/"The token is (?:not valid for another 3[56]\d\d s|not valid yet)\."$/),
    ]);
  });

  it('a forged token always gets the same answer, also with other faults', async () => {
    const signedWell = await sign({ exp: now() + 60 });
    const refusals = await Promise.all([
      forge({ exp: now() + 60 }).then(refusalOf),
      forge({ exp: now() - 3_600 }).then(refusalOf),
      forge({ exp: now() + 60, aud: 'elsewhere' }).then(refusalOf),
      forge({ sub: 'somebody' }).then(refusalOf),
      refusalOf('junk'),
      refusalOf(signedWell.slice(0, -2)),
      refusalOf(signedWell.replace(/^[^.]*/, Buffer.from('{"alg":"none"}').toString('base64url'))),
      refusalOf(signedWell.replace(/^[^.]*/, Buffer.from('{"alg":"RS256","kid":"other"}').toString('base64url'))),
    ]);

    expect(refusals).toEqual(refusals.map(() => ({ status: 401, challenge: invalid(NOT_VERIFIED) })));
  });
});

describe('the challenge', () => {
  let service: TestApp;
  let token: string;

  beforeAll(async () => {
    service = await startTestApp();
    token = await service.token('1001');
  });
  afterAll(() => service.close());

  const TWICE =
    'Bearer error="invalid_request", error_description="Two tokens: send only one, in the Authorization header or as access_token."';

  it.each<[string, string, Record<string, string>, string]>([
    ['that is missing', '', {}, 'Bearer'],
    ['in another scheme', '', { authorization: 'Basic YTpi' }, 'Bearer'],
    ['that is empty', '?access_token=', { authorization: '' }, 'Bearer'],
    ['in both places', '?access_token=TOKEN', { authorization: 'Bearer TOKEN' }, TWICE],
    ['twice in the query', '?access_token=TOKEN&access_token=TOKEN', {}, TWICE],
    ['with invalid characters', '', { authorization: 'Bearer "TOKEN"' }, invalid('The token has invalid characters.')],
  ])('for a token %s is right', async (_where, query, headers, challenge) => {
    const sent = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value.replace('TOKEN', token)]),
    );

    for (const path of ['app/callState/1', 'admin/users']) {
      expect(await refusalAt(`${service.url}/v1/${path}${query.replaceAll('TOKEN', token)}`, sent)).toEqual({
        status: 401,
        challenge,
      });
    }
  });

  it('for a token without the scope has the missing scope', async () => {
    expect(await refusalAt(`${service.url}/v1/admin/users?access_token=${token}`)).toEqual({
      status: 403,
      challenge:
        'Bearer error="insufficient_scope", error_description="The token lacks the scope admin:read.", scope="admin:read"',
    });
  });

  it('for a token with an unknown critical extension is that of a wrong signature', async () => {
    const head = Buffer.from('{"alg":"HS256","crit":["exp"]}').toString('base64url');
    const claims = Buffer.from(JSON.stringify({ sub: '1001', exp: now() - 60 })).toString('base64url');
    const signature = createHmac('sha256', 'guessed').update(`${head}.${claims}`).digest('base64url');

    expect(await refusalAt(`${service.url}/v1/app/callState/1?access_token=${head}.${claims}.${signature}`)).toEqual({
      status: 401,
      challenge: invalid(NOT_VERIFIED),
    });
  });
});
