/**
 * The bare address and the icon, which browsers request by themselves. Neither reveals anything about calls or users.
 */
import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

const NO_CONTENT = { 'content-security-policy': "default-src 'none'" };

/** Relative, so that they also work behind a proxy with a path prefix. */
const DESK = './desk/';
const API_PAGE = './docs/';

const STYLE = 'body { max-width: 40rem; margin: 8vh auto; padding: 0 1rem; font: 1rem/1.6 system-ui, sans-serif }';

/** This style, and nothing else. */
const PAGE_HEADERS = {
  'content-security-policy': `${NO_CONTENT['content-security-policy']}; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
};

const BOTH = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Ringback</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <style>${STYLE}</style>
  </head>
  <body>
    <h1>Ringback</h1>
    <ul>
      <li><a href="${DESK}">Desk</a>: the page for administrators. <span lang="zh-CN">管理页面。</span></li>
      <li><a href="${API_PAGE}">API</a>: every request, with Swagger UI. <span lang="zh-CN">全部接口，可在页面上试用。</span></li>
    </ul>
  </body>
</html>
`;

interface Served {
  readonly desk: boolean;
  readonly apiPage: boolean;
}

/** Where neither page is served, the bare address leads nowhere. */
export const serveFrontPage = (server: FastifyInstance, { desk, apiPage }: Served): void => {
  if (!desk && !apiPage) return;
  server.get('/', (_request, reply) =>
    desk && apiPage
      ? reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8').send(BOTH)
      : reply.headers(NO_CONTENT).redirect(desk ? DESK : API_PAGE),
  );
  server.get('/favicon.ico', (_request, reply) => reply.headers(NO_CONTENT).code(204).send());
};
