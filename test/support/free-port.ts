/**
 * A port for a program that cannot take any free one and say which. Linux gives the ports from 32768 on to outgoing
 * connections, so another test could take such a port before the program does.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 20_000;
/** sipp takes the second port after the one for its sound. */
const STEP = 4;
const STEPS = 3_000;

/** Each process begins elsewhere. */
let next = Math.floor(Math.random() * STEPS);

/** Free for TCP and for UDP, on the loopback address. */
export const freePort = async (): Promise<number> => {
  for (;;) {
    const port = FIRST + STEP * (next++ % STEPS);
    if ((await isFreeForTcp(port)) && (await isFreeForUdp(port))) return port;
  }
};

const isFreeForTcp = async (port: number): Promise<boolean> => {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  const isFree = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  if (isFree) {
    server.close();
    await once(server, 'close');
  }
  return isFree;
};

const isFreeForUdp = async (port: number): Promise<boolean> => {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  const isFree = await once(socket, 'listening').then(
    () => true,
    () => false,
  );
  socket.close();
  return isFree;
};
