/** Replies after which the outcome of the request is unknown. The names are read by yuntongxun-account.test.ts. */
import type { ServerResponse } from 'node:http';

export const YUNTONGXUN_MISBEHAVIOURS: readonly [string, (response: ServerResponse) => void][] = [
  ['fails without a body', (response) => response.writeHead(500).end()],
  ['fails with an HTML page', (response) => response.writeHead(502).end('<html><body>Bad Gateway</body></html>')],
  ['redirects', (response) => response.writeHead(307, { location: '/elsewhere' }).end()],
  ['answers with an empty body', (response) => response.writeHead(200).end()],
  ['answers without a code', (response) => response.writeHead(200).end('{"statusMsg":"?"}')],
  ['answers with a malformed code', (response) => response.writeHead(200).end('{"statusCode":"ok"}')],
  ['accepts and returns no id', (response) => response.writeHead(200).end('{"statusCode":"000000"}')],
  [
    'accepts and returns an id that is none',
    (response) => response.writeHead(200).end('{"statusCode":"000000","callSid":"../x"}'),
  ],
  [
    'accepts and returns its id as a number',
    (response) => response.writeHead(200).end(`{"statusCode":"000000","callSid":${'1'.repeat(32)}}`),
  ],
  ['sends an endless reply', (response) => response.writeHead(200).end('x'.repeat(100_000))],
  ['cuts the connection', (response) => response.socket?.resetAndDestroy()],
  ['closes the connection without a reply', (response) => response.socket?.end()],
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
  ['begins a reply and falls silent', (response) => response.writeHead(200).write('{"statusCode":')],
];
