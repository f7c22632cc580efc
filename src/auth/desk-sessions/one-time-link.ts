/**
 * Links that sign in to the desk once. The code is a JWT under a key that is derived from the secret for access tokens, so
 * that neither can stand for the other. It needs no memory: any replica accepts it, also one that has started since.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT, errors } from 'jose';
import { AppError } from '../../common/error-table.js';
import type { Principal } from '../access-token.js';
import { FailedToken } from '../challenge.js';

export const LINK_MINUTES = 15;

const SCOPE = 'admin admin:numbers';

const keyFrom = (secret: string): Buffer => createHmac('sha256', secret).update('link to the desk').digest();

/** A user of the demo directory. */
const DEMO_ADMIN = '1001';

/**
 * @param url of the admin API
 * @returns a link with the code after #, which no browser sends to a server
 */
export const linkToDesk = async (url: string, secret: string, subject = DEMO_ADMIN): Promise<string> =>
  `${url}/desk/sign-in#${await newLinkCode(secret, subject)}`;

export const newLinkCode = (secret: string, subject: string, lifetimeSeconds = LINK_MINUTES * 60): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setJti(randomUUID())
    .setExpirationTime(Math.floor(Date.now() / 1_000) + lifetimeSeconds)
    .sign(keyFrom(secret));

export interface LinkHolder {
  readonly principal: Pick<Principal, 'subject' | 'scopes'>;
  readonly linkId: string;
}

/** @throws AppError UNAUTHENTICATED */
export const holderOfLink = async (code: string, secrets: readonly string[]): Promise<LinkHolder> => {
  for (const secret of secrets) {
    try {
      const { payload } = await jwtVerify<{ sub: string; jti: string }>(code, keyFrom(secret), {
        algorithms: ['HS256'],
        requiredClaims: ['sub', 'jti', 'exp'],
      });
      return { principal: { subject: payload.sub, scopes: new Set(SCOPE.split(' ')) }, linkId: payload.jti };
    } catch (error) {
      if (error instanceof errors.JWTExpired) {
        throw new AppError('UNAUTHENTICATED', {
          detail: `The link is older than ${LINK_MINUTES} minutes.`,
          cause: error,
        });
      }
    }
  }
  throw new FailedToken('The link is incomplete, or of another service.');
};
