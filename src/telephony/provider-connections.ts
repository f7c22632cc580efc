/**
 * Connections to a provider's HTTP. What matters of a request that failed is whether it can have been read: here it either
 * found no connection, and was certainly not sent, or has an outcome that only the provider knows.
 */
import { Agent, buildConnector } from 'undici';

/** Two lost SYNs, and still well within the default of DIAL_TIMEOUT. */
const CONNECT_LIMIT_MS = 3_500;

/** No connection came about, so that nothing was sent. */
export class NotReached extends Error {}

/** @param whom as in "Twilio cannot be reached" */
export const connectionsTo = (whom: string, options: Omit<Agent.Options, 'connect'>): Agent => {
  const connect = buildConnector({ timeout: CONNECT_LIMIT_MS });
  return new Agent({
    ...options,
    connect(target, callback) {
      connect(target, (error, socket) => {
        if (error) callback(new NotReached(`${whom} cannot be reached`, { cause: error }), null);
        else callback(null, socket);
      });
    },
  });
};
