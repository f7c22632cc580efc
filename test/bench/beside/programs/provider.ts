/** A provider that accepts every call after a delay: the part of carrier-server.ts that placing a call needs. */
import { createServer } from 'node:http';
import { sayUrl } from '../given.js';

const REPLY_MS = 20;

let calls = 0;
const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    if (request.method !== 'POST') {
      response.end('{"status":"ok"}');
      return;
    }
    const reply = JSON.stringify({ callId: `SIM${++calls}` });
    setTimeout(() => {
      response.writeHead(201, { 'content-type': 'application/json', 'content-length': reply.length }).end(reply);
    }, REPLY_MS);
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  sayUrl(`http://127.0.0.1:${port}`);
});
