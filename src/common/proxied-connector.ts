/** The connector for undici: direct, or through the proxy of the origin. */
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { hostOf, portOf } from './origin.js';
import type { ProxyFor } from './proxy-rules.js';
import { sharedLookup } from './shared-lookup.js';
import { openTunnel } from './tunnel.js';

/** A connection to the origin through its proxy; null without a proxy. */
export const tunnelTo = (origin: URL, proxyFor: ProxyFor, limitMs: number): Promise<Socket> | null => {
  const proxy = proxyFor(origin);
  return proxy && openTunnel(proxy, { host: hostOf(origin), port: portOf(origin) }, limitMs);
};

export const connectorBy = (proxyFor: ProxyFor, limitMs: number): buildConnector.connector => {
  const connect = buildConnector({ timeout: limitMs, lookup: sharedLookup });
  return (target, callback) => {
    const tunnel = tunnelTo(new URL(`${target.protocol}//${target.host ?? target.hostname}`), proxyFor, limitMs);
    if (!tunnel) {
      connect(target, callback);
      return;
    }
    tunnel.then(
      (socket) => {
        if (target.protocol === 'https:') connect({ ...target, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: unknown) => {
        callback(error as Error, null);
      },
    );
  };
};
