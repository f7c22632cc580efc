/**
 * Connections to a provider's HTTP. What matters of a request that failed is whether it can have been read: here it either
 * found no connection, and was certainly not sent, or has an outcome that only the provider knows. Nothing is sent twice.
 *
 * Of a connection that was kept nobody can say, when it turns out dead, whether the request had been read; a new one for each
 * request would not have that, and takes several round trips before a phone rings. So those are used again, one request at
 * a time, that have replied a moment ago: what has broken down since then might as well have broken down under a new one.
 */
import { Agent, buildConnector } from 'undici';

/** Two lost SYNs, and still well within the default of DIAL_TIMEOUT. */
const CONNECT_LIMIT_MS = 3_500;

/** Shorter than any server or network keeps a silent connection, whatever the server proposes. */
export const KEPT_MS = 2_000;

/** No connection came about, so that nothing was sent. */
export class NotReached extends Error {}

/** @param whom as in "Twilio cannot be reached" */
export const connectionsTo = (
  whom: string,
  options: Pick<Agent.Options, 'connections' | 'maxResponseSize'> = {},
): Agent => {
  const connect = buildConnector({ timeout: CONNECT_LIMIT_MS });
  return new Agent({
    ...options,
    pipelining: 1,
    keepAliveTimeout: KEPT_MS,
    keepAliveMaxTimeout: KEPT_MS,
    connect(target, callback) {
      connect(target, (error, socket) => {
        if (error) callback(new NotReached(`${whom} cannot be reached${reasonOf(error)}`, { cause: error }), null);
        else callback(null, socket);
      });
    },
  });
};

/** The code alone: an address has no place in what callers and timelines get. */
const reasonOf = ({ code }: NodeJS.ErrnoException): string => (code === undefined ? '' : ` (${code})`);
