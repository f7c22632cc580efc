import { principalOf, type Principal } from '../../src/auth/access-token.js';
import { BELIEVED_MS, VerifiedTokens } from '../../src/auth/verified-tokens.js';

const NOW = Date.parse('2026-11-26T10:00:00Z');

const principal = (secondsLeft: number): Principal =>
  principalOf({ sub: '1001', exp: NOW / 1_000 + secondsLeft, scope: 'admin' })!;

let now: number;
beforeEach(() => {
  now = NOW;
  jest.spyOn(Date, 'now').mockImplementation(() => now);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const OF_A_SECRET = { jwtJwksUri: undefined };
const OF_AN_IDENTITY_PROVIDER = { jwtJwksUri: 'https://id.example.com/jwks.json' };

describe('a verified token', () => {
  it.each([OF_A_SECRET, OF_AN_IDENTITY_PROVIDER])(
    'is cached until it expires, and not in that millisecond',
    (config) => {
      const tokens = new VerifiedTokens(config);
      tokens.remember('a token', principal(20));

      now = NOW + 19_999;
      expect(tokens.get('a token')).toEqual(principal(20));
      expect(tokens.get('another token')).toBeUndefined();
      now = NOW + 20_000;
      expect(tokens.get('a token')).toBeUndefined();
    },
  );

  it('is verified again after a while when its key may have been revoked', () => {
    const tokens = new VerifiedTokens(OF_AN_IDENTITY_PROVIDER);
    tokens.remember('a token', principal(3_600));

    now = NOW + BELIEVED_MS - 1;
    expect(tokens.get('a token')).toBeDefined();
    now = NOW + BELIEVED_MS;
    expect(tokens.get('a token')).toBeUndefined();
  });

  it('is not verified again when the key is a secret that cannot change', () => {
    const tokens = new VerifiedTokens(OF_A_SECRET);
    tokens.remember('a token', principal(3_600));

    now = NOW + 3_599_999;
    expect(tokens.get('a token')).toBeDefined();
  });
});
