/** A proxy with a path prefix, as in nginx: `location /calls/ { proxy_pass http://127.0.0.1:3000/; }`. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

const PREFIX = '/calls/';

export interface PrefixProxy {
  /** Of the service behind it, without a slash at its end. */
  readonly url: string;
  close(): void;
}

/** @param target the URL of the service */
export const startPrefixProxy = async (target: string): Promise<PrefixProxy> => {
  const proxy = createServer((incoming, outgoing) => {
    const { url: path = '', method, headers } = incoming;
    if (!path.startsWith(PREFIX)) {
      outgoing.writeHead(404).end('not below the prefix');
      return;
    }
    const onward = request(`${target}/${path.slice(PREFIX.length)}`, { method, headers, agent: false }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}${PREFIX.slice(0, -1)}`,
    close() {
      proxy.closeAllConnections();
      proxy.close();
    },
  };
};
