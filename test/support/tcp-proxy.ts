/** A TCP proxy that simulates network failures. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * pass: no failure. silence: connections are accepted, and no data passes in either direction. hold replies: requests pass
 * and responses do not. cut: every connection is reset, new ones too.
 *
 * Data that was held back is delivered late when the mode is pass again, as TCP does.
 */
export type ProxyMode = 'pass' | 'silence' | 'hold replies' | 'cut';

export interface TcpProxy {
  readonly port: number;
  /** The upstream on this machine: a port or a socket's path. A change applies to new connections. */
  target: number | string;
  mode: ProxyMode;
  /** The number of open client connections. */
  readonly connections: number;
  /** Refuses connections from now on. Safe to repeat. */
  close(): Promise<void>;
}

interface Link {
  readonly near: Socket;
  /** Opened when the first byte passes. */
  far?: Socket;
}

/** @param watch gets what passes from clients to the target */
export const startTcpProxy = async (
  target: number | string = 0,
  watch: (chunk: Buffer) => void = () => undefined,
): Promise<TcpProxy> => {
  const links = new Set<Link>();
  let mode: ProxyMode = 'pass';
  const applyMode = (link: Link): void => {
    if (link.near.destroyed) return;
    if (mode === 'cut') {
      reset(link.near);
      return;
    }
    if (mode !== 'silence') link.far ??= openFarSide(link, proxy.target);
    flow(link.near, mode !== 'silence');
    if (link.far) flow(link.far, mode === 'pass');
  };

  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (near) => {
    const link: Link = { near };
    links.add(link);
    near.on('data', (chunk: Buffer) => {
      link.far?.write(chunk);
      watch(chunk);
    });
    near.on('end', () => link.far?.end());
    near.on('error', () => undefined);
    near.on('close', () => {
      links.delete(link);
      link.far?.destroy();
    });
    applyMode(link);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    target,
    get mode() {
      return mode;
    },
    set mode(wanted) {
      mode = wanted;
      for (const link of [...links]) applyMode(link);
    },
    get connections() {
      return links.size;
    },
    async close() {
      proxy.mode = 'cut';
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
};

const openFarSide = ({ near }: Link, target: number | string): Socket => {
  const place = typeof target === 'string' ? { path: target } : { host: '127.0.0.1', port: target };
  const far = connect({ ...place, allowHalfOpen: true, noDelay: true });
  far.pause();
  far.on('data', (chunk) => near.write(chunk));
  far.on('end', () => near.end());
  far.on('error', () => undefined);
  far.on('close', (hadError) => {
    if (hadError) reset(near);
  });
  return far;
};

/** Node never releases a socket that is reset during its FIN handshake, and then the process spins instead of exiting. */
const reset = (socket: Socket): void => {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
};

const flow = (socket: Socket, flows: boolean): void => {
  if (flows) socket.resume();
  else socket.pause();
};
