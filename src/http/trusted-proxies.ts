/**
 * What the reverse proxies in front of us say of a request: the address it came from, its protocol, its id. A client can send
 * the same headers, so only what a trusted proxy has written counts: in X-Forwarded-For these are the last entries.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { isWithin, readAddress } from '../common/address-ranges.js';
import type { Config } from '../config/config.js';

/** @param hop 0 is the connection's own peer, 1 the last entry of X-Forwarded-For, and so on */
export type Trust = (address: string | undefined, hop: number) => boolean;

/** Null where no proxy is trusted. */
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

/** Each of a trusted proxy, and the one before them; whatever a client has written before those is not even read. */
const MOST_HOPS = 20;

/** Rewritten once, before anything reads an address: Fastify's request.ip and request.ips come out of this header. */
export const readForwardedAddresses = (server: FastifyInstance): void => {
  server.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    const forwarded = headers['x-forwarded-for'];
    if (typeof forwarded === 'string') {
      headers['x-forwarded-for'] = forwarded.split(',').slice(-MOST_HOPS).map(bareAddress).join(', ');
    }
    done();
  });
};

/** Fits into a header, a log line and a problem body as it is. */
const REQUEST_ID = /^[\w.:+/=@-]{1,128}$/;

/** The id under which a trusted proxy has logged the request; null where there is none that can be kept. */
export const forwardedRequestId = ({ headers, socket }: IncomingMessage, trust: Trust): string | null => {
  const id = headers['x-request-id'];
  return typeof id === 'string' && REQUEST_ID.test(id) && trust(socket.remoteAddress, 0) ? id : null;
};
