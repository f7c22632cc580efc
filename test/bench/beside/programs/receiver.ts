/** An app's backend that accepts every webhook at once. */
import { createServer } from 'node:http';
import { sayUrl } from '../given.js';

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => response.writeHead(204).end());
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number };
  sayUrl(`http://127.0.0.1:${port}`);
});
