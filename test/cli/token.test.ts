import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, jwtVerify } from 'jose';
import { ensureSigningSecret } from '../../src/auth/signing-secret.js';
import { endOf, REPOSITORY, startNode, startProgram, type Ending } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const USAGE = `Usage: npm run -s token -- <userId>                   prints a token of a user, by id or externalId
       npm run -s token -- --admin [userId]           prints a token for the admin API
       npm run -s token -- <userId> --scope <scopes>  prints a token of a backend, such as --scope calls:write
  --help   prints this text
`;

describe('npm run token', () => {
  let dataDir: string;
  let service: TestApp;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringback token '));
    service = await startTestApp({ environment: { JWT_SECRET: await ensureSigningSecret(dataDir) } });
  });

  afterAll(async () => {
    await service.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const token = (options: readonly string[], environment: Record<string, string> = {}): Promise<Ending> =>
    endOf(
      startNode(join(REPOSITORY, 'scripts/run.mjs'), ['cli/token', ...options], {
        environment: { DATA_DIR: dataDir, ...environment },
      }),
    );

  const statusOf = async (path: string, accessToken: string): Promise<number> =>
    (await fetch(`${service.url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })).status;

  it('prints only a token, with which its user may call', async () => {
    const { code, output } = await endOf(
      startProgram(['npm', 'run', '-s', 'token', '--', '1004'], { environment: { DATA_DIR: dataDir } }),
    );

    expect([code, output]).toEqual([0, expect.stringMatching(/^\S+\n$/)]);
    expect(await statusOf('/v1/app/call/2000', output.trim())).toBe(200);
    expect(await statusOf('/v1/admin/users', output.trim())).toBe(403);
    expect(decodeJwt(output.trim()).sub).toBe('1004');
  });

  it('prints a token for admins, who may be named', async () => {
    for (const [options, sub] of [
      [['--admin'], '1001'],
      [['--admin', '9001'], '9001'],
    ] as const) {
      const { code, output } = await token(options);

      expect([code, await statusOf('/v1/admin/users', output.trim())]).toEqual([0, 200]);
      expect(decodeJwt(output.trim()).sub).toBe(sub);
    }
  });

  it.each(['calls:read calls:write', 'admin:read admin:directory:write admin:numbers'])(
    'prints a token for a backend, with the scope %s',
    async (scope) => {
      const { code, output } = await token(['9001', '--scope', scope]);

      expect([code, decodeJwt(output.trim())]).toMatchObject([0, { sub: '9001', scope }]);
    },
  );

  it('prints a token for an external id, in the claim of JWT_USER_CLAIM', async () => {
    const { output } = await token(['auth0|5f7c']);
    const inClaim = await token(['auth0|5f7c'], { JWT_USER_CLAIM: 'uid' });

    expect(decodeJwt(output.trim()).sub).toBe('auth0|5f7c');
    expect(decodeJwt(inClaim.output.trim())).toMatchObject({ uid: 'auth0|5f7c' });
  });

  it('signs with the first key of JWT_SECRET', async () => {
    const secrets = ['a key that the app’s own backend signs with', 'the key that is to be forgotten: 32 bytes'];

    const { code, output } = await token(['1004'], { JWT_SECRET: secrets.join(',') });

    expect(code).toBe(0);
    await expect(jwtVerify(output.trim(), Buffer.from(secrets[0]!))).resolves.toMatchObject({
      payload: { sub: '1004' },
    });
  });

  it('prints a token with the claims of JWT_ISSUER and JWT_AUDIENCE', async () => {
    const { output } = await token(['1004'], { JWT_ISSUER: 'here', JWT_AUDIENCE: 'there' });

    expect(decodeJwt(output.trim())).toMatchObject({ iss: 'here', aud: 'there' });
  });

  it.each([[[]], [['0']], [['--operator']]])('prints its usage on stderr for %j', async (options) => {
    expect(await token(options)).toEqual({ code: 2, output: '', complaint: USAGE });
  });

  it.each([[['--help']], [['-h']], [['1001', '--help']]])('prints its usage on stdout for %j', async (options) => {
    expect(await token(options, { PORT: 'not even looked at' })).toEqual({ code: 0, output: USAGE, complaint: '' });
  });

  it.each([
    [
      'JWT_JWKS_URI',
      { JWT_JWKS_URI: 'http://127.0.0.1:1/keys', JWT_AUDIENCE: 'ringback' },
      /^Tokens are signed elsewhere: .*\n$/,
    ],
    ['a DATA_DIR without a secret', { DATA_DIR: '/nowhere' }, /^There is no secret in \/nowhere yet.*\n$/],
    ['a setting that cannot be used', { PORT: 'x' }, /^The configuration cannot be used:\n {2}PORT: .*\n$/],
  ])('prints one sentence and refuses with %s', async (_what, environment, expected) => {
    const { code, output, complaint } = await token(['1001'], environment);

    expect([code, output]).toEqual([1, '']);
    expect(complaint).toMatch(expected);
  });
});
