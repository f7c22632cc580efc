/**
 * A connection through a proxy (CONNECT, RFC 9110 §9.3.6). It is used for plain http as well: so the proxy sees neither
 * paths nor credentials, and there is only one mechanism.
 */
import { request as requestByHttp } from 'node:http';
import { request as requestByHttps } from 'node:https';
import { isIP, isIPv6, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { hostOf, portOf } from './origin.js';
import { sharedLookup } from './shared-lookup.js';
import { startLimit } from './time-limit.js';

/** The proxy did not connect, so nothing was sent to the target. */
export class TunnelRefused extends Error {
  readonly code: string;

  constructor(status: number) {
    super(`the proxy answered CONNECT with ${status}`);
    this.code = `PROXY-${status}`;
  }
}

export interface TunnelEnd {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: string;
}

/** @throws TunnelRefused, or the error of the connection to the proxy */
export const openTunnel = (proxy: URL, { host, port }: TunnelEnd, limitMs: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const path = `${isIPv6(host) ? `[${host}]` : host}:${port}`;
    const ask = proxy.protocol === 'https:' ? requestByHttps : requestByHttp;
    const request = ask({
      host: hostOf(proxy),
      port: portOf(proxy),
      method: 'CONNECT',
      path,
      headers: { host: path, ...authorizationOf(proxy) },
      agent: false,
      lookup: sharedLookup,
    });
    const endLimit = startLimit(limitMs, () => {
      request.destroy(new Error(`the proxy has not connected within ${limitMs} ms`));
    });
    request.on('close', endLimit);
    request.on('error', reject);
    request.once('connect', ({ statusCode = 0 }, socket, head) => {
      endLimit();
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        reject(new TunnelRefused(statusCode));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.end();
  });

/** @param host the host name of the expected certificate */
export const secured = (socket: Socket, host: string): TLSSocket =>
  connectTls({ socket, host, ALPNProtocols: ['http/1.1'], ...(isIP(host) === 0 && { servername: host }) });

const authorizationOf = ({ username, password }: URL): Record<string, string> => {
  if (username === '' && password === '') return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` };
};
