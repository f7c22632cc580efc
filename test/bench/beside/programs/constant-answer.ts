/**
 * The load's ceiling: the cheapest server that can be written. It knows no HTTP; whatever comes ends a request, and the answer
 * is always the same bytes. What it reaches, the load can ask; a contender that comes near it is not measured, the load is.
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
