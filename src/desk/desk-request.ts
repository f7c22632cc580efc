import type { FastifyRequest } from 'fastify';
import type { Author } from '../audit/audit-entry.entity.js';
import { isFromDesk } from '../auth/desk-sessions/session-cookie.js';
import { plainAddress } from '../common/address-ranges.js';
import { AppError } from '../common/error-table.js';

/** @throws AppError FORBIDDEN for a request that another site may have caused */
export const requireDesk = (request: FastifyRequest): void => {
  if (!isFromDesk(request)) {
    throw new AppError('FORBIDDEN', {
      detail: 'Only the page at /desk sends this; it has the header x-ringback-desk: 1.',
    });
  }
};

/** Of a sign-in, whose person is known only when it succeeds. */
export const authorOf =
  ({ id, ip, method, routeOptions }: FastifyRequest) =>
  (subject: string): Author => ({
    subject,
    tokenId: null,
    apiKeyId: null,
    action: 'signInToDesk',
    route: `${method} ${routeOptions.url ?? ''}`,
    // A closed socket has no address.
    address: (ip as string | undefined) === undefined ? 'unknown' : plainAddress(ip),
    requestId: id,
  });
