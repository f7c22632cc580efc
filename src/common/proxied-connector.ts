/** How undici connects: directly, or through a proxy where one is set for the origin. */
import { buildConnector } from 'undici';
import { hostOf, portOf, type ProxyFor } from './proxy-rules.js';
import { openTunnel } from './tunnel.js';

export const connectorBy = (proxyFor: ProxyFor, limitMs: number): buildConnector.connector => {
  const connect = buildConnector({ timeout: limitMs });
  return (target, callback) => {
    const origin = new URL(`${target.protocol}//${target.host ?? target.hostname}`);
    const proxy = proxyFor(origin);
    if (!proxy) {
      connect(target, callback);
      return;
    }
    const end = { host: hostOf(origin), port: portOf(origin) };
    openTunnel(proxy, end, limitMs).then(
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
