/** Replies after which nobody can say what became of the request. */
import type { ServerResponse } from 'node:http';

export const YUNTONGXUN_MISBEHAVIOURS: readonly [string, (response: ServerResponse) => void][] = [
  ['fails without a body', (response) => response.writeHead(500).end()],
  ['fails with a page', (response) => response.writeHead(502).end('<html><body>Bad Gateway</body></html>')],
  ['sends it elsewhere', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
  ['answers with nothing', (response) => response.writeHead(200).end()],
  ['answers without a code', (response) => response.writeHead(200).end('{"statusMsg":"?"}')],
  ['answers with a code that is none', (response) => response.writeHead(200).end('{"statusCode":"ok"}')],
  ['takes it and tells no id', (response) => response.writeHead(200).end('{"statusCode":"000000"}')],
  [
    'takes it and tells an id that is none',
    (response) => response.writeHead(200).end('{"statusCode":"000000","callSid":"../x"}'),
  ],
  [
    'takes it and tells its id as a number',
    (response) => response.writeHead(200).end(`{"statusCode":"000000","callSid":${'1'.repeat(32)}}`),
  ],
  ['answers without end', (response) => response.writeHead(200).end('x'.repeat(100_000))],
  ['cuts the connection', (response) => response.socket?.resetAndDestroy()],
  ['hangs up without a word', (response) => response.socket?.end()],
  [
    'cuts its reply short',
    (response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"statusCode":"000000"');
      response.socket?.end();
    },
  ],
  [
    'cuts its XML short',
    (response) => response.writeHead(200).end('<Response><statusCode>112000</statusCode><statusMsg>no'),
  ],
  ['says nothing', () => undefined],
  ['begins to answer and falls silent', (response) => response.writeHead(200).write('{"statusCode":')],
];
