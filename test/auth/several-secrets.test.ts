/** JWT_SECRET may have several keys, so that a key can be rotated without invalidating its tokens. */
import { decodeJwt } from 'jose';
import { issueToken } from '../../src/auth/token-issuer.js';
import { readConfig } from '../../src/config/config.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const NEW = 'the new key of 32 bytes and a few more';
const OLD = 'the old key of 32 bytes and a few more';
const NEITHER = 'some other key of 32 bytes and a few more';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { JWT_SECRET: `${NEW},${OLD}` } });
});
afterAll(() => service.close());

const answerTo = async (secret: string, lifetimeSeconds = 60) => {
  const token = await issueToken(secret, { userId: '1001', lifetimeSeconds });
  const { status, headers } = await fetch(`${service.url}/v1/app/callState/1`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(decodeJwt(token).sub).toBe('1001');
  return { status, challenge: headers.get('www-authenticate') };
};

it('a token of either key is accepted', async () => {
  expect([await answerTo(NEW), await answerTo(OLD)]).toEqual([
    { status: 200, challenge: null },
    { status: 200, challenge: null },
  ]);
});

it('a token of another key is refused', async () => {
  expect(await answerTo(NEITHER)).toEqual({
    status: 401,
    challenge: expect.stringContaining('its signature cannot be verified') as string,
  });
});

it('a token of the second key is refused for its own faults', async () => {
  expect(await answerTo(OLD, -60)).toEqual({ status: 401, challenge: expect.stringContaining('expired') as string });
});

it('each key must have at least 32 bytes', () => {
  expect(() => readConfig({ JWT_SECRET: `${NEW},short` })).toThrow('JWT_SECRET: expected at least 32 bytes each');
});
