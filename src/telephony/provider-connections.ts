/**
 * HTTP connections to a provider. If a request fails, the question is whether the provider can have read it. Here a
 * failed request either got no connection, and was certainly not sent, or its outcome is unknown. No request is sent
 * twice.
 * If a kept-alive connection turns out to be closed, it is unknown whether the request was read. A new connection per
 * request would avoid that, but costs several round trips before a phone rings. So a connection is reused, for one
 * request at a time, only within moments of its last reply. What has failed since then might have failed on a new
 * connection as well.
 */
import { Agent } from 'undici';
import { connectorBy } from '../common/proxied-connector.js';
import { NO_PROXIES, type ProxyFor } from '../common/proxy-rules.js';

/** Allows for two lost SYNs, and is well below the default of DIAL_TIMEOUT. */
const CONNECT_LIMIT_MS = 3_500;

/** Shorter than the idle time-out of any server or network, whatever the server proposes. */
export const KEPT_MS = 2_000;

/** Per reply: a hundred times the size of any provider's reply to us. */
const LONGEST_REPLY_BYTES = 256 * 1024;

/** No connection was made, so nothing was sent. */
export class NotReached extends Error {}

interface ConnectionOptions extends Pick<Agent.Options, 'connections' | 'maxResponseSize'> {
  readonly proxyFor?: ProxyFor | undefined;
}

/** @param whom the name in the message "… cannot be reached" */
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

/** Only the code: callers and timelines must not show an address. */
const reasonOf = ({ code }: NodeJS.ErrnoException): string => (code === undefined ? '' : ` (${code})`);
