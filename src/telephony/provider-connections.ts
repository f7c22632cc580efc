/**
 * Connections to a provider's HTTP. What matters of a request that failed is whether it can have been read: here it either
 * found no connection, and was certainly not sent, or has an outcome that only the provider knows. Nothing is sent twice.
 *
 * Of a connection that was kept nobody can say, when it turns out dead, whether the request had been read; a new one for each
 * request would not have that, and takes several round trips before a phone rings. So those are used again, one request at
 * a time, that have replied a moment ago: what has broken down since then might as well have broken down under a new one.
 */
import { Agent } from 'undici';
import { connectorBy } from '../common/proxied-connector.js';
import { NO_PROXIES, type ProxyFor } from '../common/proxy-rules.js';

/** Two lost SYNs, and still well within the default of DIAL_TIMEOUT. */
const CONNECT_LIMIT_MS = 3_500;

/** Shorter than any server or network keeps a silent connection, whatever the server proposes. */
export const KEPT_MS = 2_000;

/** Of one reply: a hundred times what any of a provider's to us has. */
const LONGEST_REPLY_BYTES = 256 * 1024;

/** No connection came about, so that nothing was sent. */
export class NotReached extends Error {}

interface ConnectionOptions extends Pick<Agent.Options, 'connections' | 'maxResponseSize'> {
  readonly proxyFor?: ProxyFor | undefined;
}

/** @param whom as in "Twilio cannot be reached" */
export const connectionsTo = (whom: string, { proxyFor = NO_PROXIES, ...options }: ConnectionOptions = {}): Agent => {
  const connect = connectorBy(proxyFor, CONNECT_LIMIT_MS);
  return new Agent({
    maxResponseSize: LONGEST_REPLY_BYTES,
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
