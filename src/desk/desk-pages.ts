/**
 * The files of the desk, read once at the start: a request costs neither the disk nor the database anything. The addresses
 * in the page are relative to its <base>, so that it also works behind a proxy with a path prefix.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../common/error-table.js';
import type { Logger } from '../common/logger.js';

/** Beside the build, or below the sources, from which tests run. */
const FOLDERS = ['../../desk', '../../dist/desk'].map((path) => join(import.meta.dirname, path));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** Nothing inline, and nothing from elsewhere. */
const PAGE_HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
};

/** The name of such a file changes with its content. */
const KEPT = { 'cache-control': 'public, max-age=31536000, immutable' };

interface DeskFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** Compressed by the build, if that saves something. */
  readonly gzip: Buffer | undefined;
}

/** @returns false if the desk is not built */
export const serveDesk = (server: FastifyInstance, logger: Logger): boolean => {
  const folder = FOLDERS.find((path) => existsSync(join(path, 'index.html')));
  if (folder === undefined) {
    logger.warn('the desk is not built, so /desk is not served; npm start and npm run build build it');
    return false;
  }
  const files = readFiles(folder);
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  const pages = new Map<string, Buffer>();
  /** @param path below /desk/ */
  const pageFor = (path: string): Buffer => {
    const base = '../'.repeat(path.split('/').length - 1) || './';
    const known = pages.get(base) ?? Buffer.from(page.replace('<base href="./"', `<base href="${base}"`));
    if (pages.size < MOST_BASES) pages.set(base, known);
    return known;
  };
  server.get('/desk', (_request, reply) => reply.headers(PAGE_HEADERS).redirect('./desk/'));
  server.get<{ Params: { '*': string } }>('/desk/*', (request, reply) => {
    const path = request.params['*'];
    const file = files.get(path);
    if (file) return send(request, reply.headers(KEPT), file);
    // A page has no such name, and a browser must not run a page as a script.
    if (path.startsWith('assets/')) throw new AppError('NOT_FOUND');
    return reply
      .headers(PAGE_HEADERS)
      .type(TYPES['.html'] ?? '')
      .send(pageFor(path));
  });
  return true;
};

/** A made-up address may be of any depth. */
const MOST_BASES = 8;

const send = (request: FastifyRequest, reply: FastifyReply, { type, bytes, gzip }: DeskFile): FastifyReply => {
  void reply.headers(PAGE_HEADERS).type(type).header('vary', 'accept-encoding');
  const isGzip = gzip !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  return isGzip ? reply.header('content-encoding', 'gzip').send(gzip) : reply.send(bytes);
};

/** By the path below /desk/. */
const readFiles = (folder: string): ReadonlyMap<string, DeskFile> => {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const read = (name: string): Buffer => readFileSync(join(folder, name));
  return new Map(
    names
      .filter((name) => extname(name) in TYPES && extname(name) !== '.html')
      .map((name) => {
        const gzip = names.includes(`${name}.gz`) ? read(`${name}.gz`) : undefined;
        return [name.replaceAll('\\', '/'), { type: TYPES[extname(name)] ?? '', bytes: read(name), gzip }];
      }),
  );
};
