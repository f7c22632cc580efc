/**
 * The load's ceiling: the cheapest possible server. It does not parse HTTP: every received chunk is a request, and the answer is
 * constant. Its figure is the maximum of the load. If a contender comes near it, the load is the bottleneck.
 */
import { createServer, type AddressInfo } from 'node:net';
import { sayUrl } from '../given.js';

const BODY = '{"data":{"stateType":"3"},"returnCode":200,"returnMsg":"success"}';
const ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
);

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', () => {
    socket.write(ANSWER);
  });
});
server.listen(0, '127.0.0.1', () => {
  sayUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
