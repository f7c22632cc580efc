import { issueToken } from '../../../src/auth/token-issuer.js';
import { callerOf } from './databases.js';
import { JWT_SECRET } from './given.js';

const issued: string[] = [];

/** One token per caller, the same in every round. */
export const tokensOf = async (count: number): Promise<readonly string[]> => {
  while (issued.length < count) {
    issued.push(await issueToken(JWT_SECRET, { userId: callerOf(issued.length), lifetimeSeconds: 7_200 }));
  }
  return issued;
};
