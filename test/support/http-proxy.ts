/** A real forward proxy for CONNECT on this machine. It connects every name to this machine, on the requested port. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';

export interface HttpProxy {
  /** The URL, with user and password. */
  readonly url: string;
  /** host:port of every requested tunnel. */
  readonly requested: string[];
  /** Answers instead of opening a tunnel. */
  refuseWith: number | null;
  close(): Promise<void>;
}

const USER = 'ringback';
const PASSWORD = 'p@ss word';

export const startHttpProxy = async (): Promise<HttpProxy> => {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => {
    response.writeHead(400).end('CONNECT only');
  });
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  server.on('connect', (request, socket: Socket, head: Buffer) => {
    const target = request.url ?? '';
    proxy.requested.push(target);
    keep(socket);
    const expected = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString('base64')}`;
    const refusal = proxy.refuseWith ?? (request.headers['proxy-authorization'] === expected ? null : 407);
    if (refusal !== null) {
      socket.end(`HTTP/1.1 ${refusal} Refused\r\n\r\n`);
      return;
    }
    const onward = connect(Number(target.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    keep(onward);
    onward.once('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const proxy: HttpProxy = {
    url: `http://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`,
    requested: [],
    refuseWith: null,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
};
