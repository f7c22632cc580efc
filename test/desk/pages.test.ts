/** The files of the desk: where they are served, and with which headers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { poolOf } from '../../src/postgres/prepared-statement.js';
import { REPOSITORY } from '../support/node-process.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { send } from './desk-requests.js';

const DESK = join(REPOSITORY, 'dist/desk');

/** Smaller files are not compressed: web/vite.config.mjs. */
const ONE_PACKET = 1_000;

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
  readonly css?: readonly string[];
}

const manifest = JSON.parse(readFileSync(join(DESK, '.vite/manifest.json'), 'utf8')) as Record<string, Chunk>;

/** The entry, and what it imports before it runs. */
const filesOfFirstLoad = (): string[] => {
  const chunks = new Set<Chunk>();
  const add = (chunk: Chunk): void => {
    if (chunks.has(chunk)) return;
    chunks.add(chunk);
    for (const name of chunk.imports ?? []) add(manifest[name]!);
  };
  add(Object.values(manifest).find(({ isEntry }) => isEntry)!);
  return [...new Set([...chunks].flatMap(({ file, css = [] }) => [file, ...css]))];
};

describe('the desk', () => {
  let service: TestApp;

  beforeAll(async () => {
    service = await startTestApp();
  });
  afterAll(() => service.close());

  const page = async (path: string): Promise<string> => (await send(service, path)).text();

  it.each([
    ['/desk/', './'],
    ['/desk/providers?callerId=1', './'],
    ['/desk/calls/16090510160925480001030600243044', '../'],
    ['/desk/a/b/c', '../../'],
    ['/desk/a/b%2Fc?d=/', '../'],
  ])('serves the page at %s, with the way up to its files', async (path, base) => {
    const html = await page(path);

    expect(html).toContain(`<base href="${base}"`);
    expect(html).toMatch(/<script type="module"[^>]* src="\.\/assets\/[\w-]+\.js"/);
  });

  it('leads from /desk to /desk/, below any path prefix', async () => {
    const response = await send(service, '/desk');

    expect([response.status, response.headers.get('location')]).toEqual([302, './desk/']);
  });

  it('forbids inline scripts and styles, other hosts, and frames', async () => {
    const { headers } = await send(service, '/desk/');

    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|data:|https?:|\*/);
    expect(headers.get('cache-control')).toBe('no-store');
    const html = await page('/desk/');
    expect(html).not.toMatch(/<style|style=|<script(?![^>]* src=)|https?:\/\//);
  });

  it('serves its files compressed, for a year', async () => {
    for (const file of filesOfFirstLoad()) {
      const response = await send(service, `/desk/${file}`, { headers: { 'accept-encoding': 'gzip' } });

      expect([response.status, response.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ]);
      const bytes = readFileSync(join(DESK, file));
      expect([response.headers.get('content-encoding'), response.headers.get('vary')]).toEqual([
        bytes.length < ONE_PACKET ? null : 'gzip',
        'accept-encoding',
      ]);
      expect(Buffer.from(await response.arrayBuffer())).toEqual(bytes);
    }
  });

  it('needs no database', async () => {
    const pool = poolOf(service.database);
    const { connect } = pool;
    const failure = new Error('no connection for this test');
    pool.connect = ((give?: (error: Error) => void) => (give ? give(failure) : Promise.reject(failure))) as never;
    try {
      const files = ['', 'calls/16090510160925480001030600243044', ...filesOfFirstLoad()];
      for (const file of files) expect((await send(service, `/desk/${file}`)).status).toBe(200);
      expect((await service.admin('GET', 'users')).status).toBe(500);
    } finally {
      pool.connect = connect;
    }
  });

  it.each(['identity', 'gzip;q=0, identity'])('serves them as they are to those who take %s', async (encodings) => {
    const [file = ''] = filesOfFirstLoad();

    const response = await send(service, `/desk/${file}`, { headers: { 'accept-encoding': encodings } });

    expect(response.headers.get('content-encoding')).toBeNull();
    expect(Buffer.from(await response.arrayBuffer())).toEqual(readFileSync(join(DESK, file)));
  });

  it.each([
    '/desk/assets/none.js',
    '/desk/assets/..%2findex.html',
    '/desk/assets/../../../package.json',
    '/desk/deeper/than/any/page/is/and/than/any/can/be',
  ])('answers %s with 404, and not with the page', async (path) => {
    expect((await send(service, path)).status).toBe(404);
  });

  it('takes no other method', async () => {
    const response = await send(service, '/desk/', { method: 'HEAD' });

    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it('loads each page when it is opened', () => {
    const lazy = Object.keys(manifest).filter((name) => name.startsWith('src/pages/'));

    expect(lazy).toEqual(
      expect.arrayContaining([
        'src/pages/calls/page.tsx',
        'src/pages/providers/page.tsx',
        'src/pages/sign-in/page.tsx',
      ]),
    );
  });
});

it('DESK=false turns it off, and signing in with it', async () => {
  const service = await startTestApp({ environment: { DESK: 'false' } });
  try {
    for (const path of ['/desk', '/desk/', '/v1/desk/session', '/v1/desk/sign-in']) {
      expect({ path, status: (await send(service, path)).status }).toEqual({ path, status: 404 });
    }
    const { paths } = (await (await send(service, '/docs/openapi.json')).json()) as { paths: object };
    expect(Object.keys(paths).filter((path) => path.includes('desk'))).toEqual([]);
  } finally {
    await service.close();
  }
});

it('ADMIN_PORT alone serves it, if it is set', async () => {
  const service = await startTestApp({ environment: { ADMIN_PORT: '0' } });
  try {
    for (const path of ['/desk/', '/v1/desk/sign-in']) {
      expect((await send(service, path)).status).toBe(404);
      expect((await send({ url: service.app.adminUrl }, path)).status).toBe(200);
    }
  } finally {
    await service.close();
  }
});
