/**
 * The scopes of the admin API: each route is tried with each scope, from the list of routes itself, so that no route can be
 * forgotten. docs/api.md has the same table.
 */
import { readFile } from 'node:fs/promises';
import { SCOPES, type Scope } from '../../src/auth/access.js';
import { makeKey } from '../support/api-key.js';
import { routesOf } from '../support/routes.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

/** What the routes require that begin like this; the longest beginning counts. A new resource needs a line. */
const TABLE: Readonly<Record<string, { readonly toRead: Scope; readonly toWrite?: Scope }>> = {
  'api-keys': { toRead: 'admin:read', toWrite: 'admin' },
  audit: { toRead: 'admin:audit:read' },
  budgets: { toRead: 'admin:read', toWrite: 'admin:protection:write' },
  calls: { toRead: 'admin:read', toWrite: 'admin:calls:write' },
  'dry-run': { toRead: 'admin:read' },
  freezes: { toRead: 'admin:read', toWrite: 'admin:protection:write' },
  prices: { toRead: 'admin:read', toWrite: 'admin:protection:write' },
  providers: { toRead: 'admin:read' },
  refusals: { toRead: 'admin:read' },
  'service-lines': { toRead: 'admin:read', toWrite: 'admin:directory:write' },
  statistics: { toRead: 'admin:read' },
  suppressions: { toRead: 'admin:read', toWrite: 'admin:protection:write' },
  users: { toRead: 'admin:read', toWrite: 'admin:directory:write' },
  'webhook-endpoints': { toRead: 'admin:read', toWrite: 'admin:webhooks:write' },
};

const adminRoutes = () => routesOf(service.app.nest).filter(({ path }) => path.startsWith('v1/admin'));

/** `users` of `v1/admin/users/:userId`, `calls` of `v1/admin/calls.csv`. */
const resourceOf = (path: string): string => /^v1\/admin\/([\w-]+)/.exec(path)?.[1] ?? '';

const scopeOf = (method: string, path: string): Scope | undefined => {
  const row = TABLE[resourceOf(path)];
  return method === 'GET' ? row?.toRead : row?.toWrite;
};

it('each route declares the scope of its resource, and each resource has routes', () => {
  const routes = adminRoutes();

  expect(routes.length).toBeGreaterThan(40);
  expect(routes.map(({ method, path, access }) => `${method} ${path} ${String(access)}`)).toEqual(
    routes.map(({ method, path }) => `${method} ${path} ${String(scopeOf(method, path))}`),
  );
  expect([...new Set(routes.map(({ path }) => resourceOf(path)))].sort()).toEqual(Object.keys(TABLE).sort());
});

it('each route is open with its scope and with `admin`, and with no other scope', async () => {
  const tokens = new Map<Scope, string>();
  for (const scope of SCOPES) tokens.set(scope, await service.token('1001', scope));

  for (const { method, path, access } of adminRoutes()) {
    for (const [scope, token] of tokens) {
      // No such user, call or endpoint; and no body, which is refused after the scope.
      const url = `${service.url}/${path.replace(/:\w+/g, '999999')}`;
      const response = await fetch(url, { method, headers: { authorization: `Bearer ${token}` } });
      // The stream of live calls has no end.
      await response.body?.cancel();

      const isAllowed = scope === 'admin' || scope === access;
      const isRefused = response.status === 403;
      expect({ method, path, scope, isRefused }).toEqual({ method, path, scope, isRefused: !isAllowed });
      if (isRefused) {
        expect(response.headers.get('www-authenticate')).toContain(`scope="${String(access)}"`);
      } else expect(response.status).not.toBe(401);
    }
  }
});

it('several scopes add up, and those of another API open nothing', async () => {
  const statusOf = async (method: string, path: string, scope: string): Promise<number> => {
    const authorization = `Bearer ${await service.token('1001', scope)}`;
    return (await fetch(`${service.url}/v1/admin/${path}`, { method, headers: { authorization } })).status;
  };

  expect(await statusOf('GET', 'users', 'admin:read admin:directory:write')).toBe(200);
  expect(await statusOf('DELETE', 'users/999999', 'admin:read admin:directory:write')).toBe(404);
  expect(await statusOf('GET', 'audit', 'admin:read admin:audit:read')).toBe(200);
  expect(await statusOf('GET', 'users', 'calls:read calls:write admin:numbers')).toBe(403);
  expect(await statusOf('GET', 'users', 'admin:everything administrator')).toBe(403);
});

it('an API key may have each of them', async () => {
  const { key } = await makeKey(service, { scopes: ['admin:read', 'admin:audit:read'] });
  const ask = (method: string, path: string) =>
    fetch(`${service.url}/v1/admin/${path}`, { method, headers: { authorization: `Bearer ${key}` } });

  expect((await ask('GET', 'calls')).status).toBe(200);
  expect((await ask('GET', 'audit')).status).toBe(200);
  expect((await ask('DELETE', 'users/999999')).status).toBe(403);
  expect((await makeKey(service, { scopes: [...SCOPES] })).scopes).toEqual(SCOPES);
});

it('the API document names the scope of each operation', async () => {
  const document = (await (await fetch(`${service.url}/docs/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { description: string; responses: Record<string, { description: string }> }>>;
  };

  for (const { method, path, access } of adminRoutes()) {
    const operation = document.paths[`/${path.replace(/:(\w+)/g, '{$1}')}`]![method.toLowerCase()]!;
    expect(operation.description).toMatch(new RegExp(`Scope: \`${String(access)}\`\\.$`));
    expect(operation.responses['403']!.description).toContain(`the scope \`${String(access)}\``);
  }
});

it('the table of docs/api.md has each route with its scope', async () => {
  const page = await readFile('docs/api.md', 'utf8');
  const rows = [...page.matchAll(/^\| `(\/v1\/admin\/[^`]*)` \|([^|]*)\|([^|]*)\|$/gm)].map(
    ([, path = '', toRead = '', toWrite = '']) => [path, toRead.trim(), toWrite.trim()],
  );

  const named = (scope: Scope | undefined): string => (scope === undefined ? '' : `\`${scope}\``);
  const expected = [...new Set(adminRoutes().map(({ path }) => path))].sort().map((path) => {
    const methods = adminRoutes().filter((route) => route.path === path);
    const read = methods.find(({ method }) => method === 'GET');
    const writes = methods.filter(({ method }) => method !== 'GET').map(({ method }) => `\`${method}\``);
    return [
      `/${path.replace(/:(\w+)/g, '{$1}')}`,
      named(read?.access as Scope | undefined),
      writes.length === 0 ? '' : `${[...new Set(writes)].sort().join(', ')}: ${named(scopeOf('POST', path))}`,
    ];
  });
  expect(rows).toEqual(expected);
});
