/**
 * Reads what reverse proxies report about a request: its address, protocol and id. A client can send the same headers,
 * so only a trusted proxy's values count. In X-Forwarded-For these are the last entries.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isWithin, readAddress } from '../common/address-ranges.js';
import type { Config } from '../config/config.js';

/** @param hop 0 is the connection's own peer, 1 the last entry of X-Forwarded-For, and so on */
export type Trust = (address: string | undefined, hop: number) => boolean;

/** Null if no proxy is trusted. */
export const trustOf = ({ trustedProxies }: Pick<Config, 'trustedProxies'>): Trust | null => {
  if (typeof trustedProxies === 'number') return trustedProxies > 0 ? (_address, hop) => hop < trustedProxies : null;
  return (address = '') => isWithin(readAddress(address), trustedProxies);
};

/** `203.0.113.9:55221` (Azure writes ports), `[2001:db8::1]`, `[2001:db8::1]:443`. */
const WITH_PORT = /^(?:\[([^\]]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+):\d+)$/;

const bareAddress = (entry: string): string => {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const [, inBrackets, beforePort] = WITH_PORT.exec(text) ?? [];
  const address = inBrackets ?? beforePort ?? text;
  return readAddress(address)?.toString() ?? 'unknown';
};

/** Entries of trusted proxies, and the one before them. Earlier entries come from the client and are not parsed. */
const MAX_HOPS = 20;

/** Rewrites the header before anything reads it: Fastify derives request.ip and request.ips from it. */
export const readForwardedAddresses = (server: FastifyInstance): void => {
  server.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const forwarded = headers['x-forwarded-for'];
    if (typeof forwarded === 'string') {
      headers['x-forwarded-for'] = forwarded.split(',').slice(-MAX_HOPS).map(bareAddress).join(', ');
    }
    done();
  });
};

/** Fits unchanged into a header, a log line and a problem body. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/;

/** The request id of a trusted proxy; null if there is none, or if it cannot be used. */
export const forwardedRequestId = ({ headers, socket }: IncomingMessage, trust: Trust): string | null => {
  const id = headers['x-request-id'];
  return typeof id === 'string' && REQUEST_ID.test(id) && trust(socket.remoteAddress, 0) ? id : null;
};
