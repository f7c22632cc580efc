import { randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Config } from '../config/config.js';

interface TokenRequest {
  readonly userId: string;
  /** Space-separated. */
  readonly scope?: string;
  readonly lifetimeSeconds: number;
}

/**
 * Signs a token as the app's backend would: the key is the secret's text in UTF-8, the algorithm HS256. Used by the
 * command-line tools and the tests.
 */
export const issueToken = (
  secret: string,
  { userId, scope, lifetimeSeconds }: TokenRequest,
  {
    jwtIssuer,
    jwtAudience,
    jwtUserClaim = 'sub',
  }: Partial<Pick<Config, 'jwtIssuer' | 'jwtAudience' | 'jwtUserClaim'>> = {},
): Promise<string> => {
  const token = new SignJWT({ [jwtUserClaim]: userId, ...(scope && { scope }) })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    // The audit tells two tokens of one administrator apart by it.
    .setJti(randomUUID())
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1000) + lifetimeSeconds);
  if (jwtIssuer) token.setIssuer(jwtIssuer);
  if (jwtAudience) token.setAudience(jwtAudience);
  return token.sign(Buffer.from(secret));
};
