import { routesOf } from '../support/routes.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { fetchDocument, operationsOf, type ApiDocument, type Served } from './document.js';

let service: TestApp;
let document: ApiDocument;
let operations: Served[];

beforeAll(async () => {
  service = await startTestApp();
  document = await fetchDocument(service.url);
  operations = operationsOf(document);
});
afterAll(() => service.close());

/** The served routes in OpenAPI's notation. */
const routes = () =>
  routesOf(service.app.nest).map(({ method, path, access }) => ({
    name: `${method} /${path.replace(/:(\w+)/g, '{$1}')}`,
    access,
  }));

const SCOPES = ['admin', 'calls:write', 'calls:read'];

const withAccess = (...wanted: string[]): Served[] => {
  const names = routes().flatMap(({ name, access }) => (wanted.includes(access ?? 'nobody') ? [name] : []));
  return operations.filter(({ name }) => names.includes(name));
};

describe('the operations of the document', () => {
  it('are the served routes, each once', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(
      routes()
        .map(({ name }) => name)
        // The same route for URLs with a secret in them.
        .filter((name) => !name.endsWith('/*'))
        // Where the identity provider leads a browser back to.
        .filter((name) => name !== 'GET /v1/desk/callback')
        .sort(),
    );
  });

  it('have a unique operationId and a summary', () => {
    const nameless = operations.filter(({ operation: { operationId, summary } }) => !operationId || !summary);
    const ids = operations.map(({ operation }) => operation.operationId);

    expect(nameless).toEqual([]);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('have one tag each, which is described', () => {
    const groups = document.tags.map(({ name }) => [name]);

    for (const { name, operation } of operations) {
      expect({ name, groups }).toEqual({ name, groups: expect.arrayContaining([operation.tags]) });
    }
    expect(
      groups.flat().filter((group) => !operations.some(({ operation }) => operation.tags?.includes(group))),
    ).toEqual([]);
  });

  it('accept the token in the header, and those of the contract also in the query', () => {
    const schemesOf = ({ operation }: Served) =>
      operation.security?.map((requirement) => Object.keys(requirement).join('+')).sort();
    for (const served of withAccess('user')) {
      expect({ name: served.name, schemes: schemesOf(served) }).toEqual({
        name: served.name,
        schemes: ['access_token', 'bearer'],
      });
    }
    for (const served of withAccess(...SCOPES)) {
      expect({ name: served.name, schemes: schemesOf(served) }).toEqual({ name: served.name, schemes: ['bearer'] });
    }
    for (const { name, operation } of withAccess('public')) {
      expect({ name, security: operation.security }).toEqual({ name, security: [] });
    }
  });

  it('have no parameter for a token in addition to the Authorize box', () => {
    const parameters = operations.flatMap(({ operation }) => operation.parameters ?? []).map(({ name }) => name);

    expect(parameters.filter((name) => /^(?:access_token|authorization)$/i.test(name))).toEqual([]);
  });

  it('document the answers to a malformed body, also when no body is needed', () => {
    const withBody = withAccess(...SCOPES).filter(({ method }) => method !== 'GET');

    expect(withBody.length).toBeGreaterThan(10);
    for (const { name, operation } of withBody) {
      expect({ name, statuses: Object.keys(operation.responses) }).toEqual({
        name,
        statuses: expect.arrayContaining(['400', '413', '415']),
      });
    }
  });

  it('document the answers to a request without a token and without the scope', () => {
    const statuses = ({ operation }: Served) => Object.keys(operation.responses);

    expect(withAccess('user', ...SCOPES).filter((served) => !statuses(served).includes('401'))).toEqual([]);
    expect(withAccess(...SCOPES).filter((served) => !statuses(served).includes('403'))).toEqual([]);
  });
});

/** A documented refusal without its request id, which always differs. */
const documented = ({ operation }: Served, status: string) => {
  const [[type, body] = []] = Object.entries(operation.responses[status]?.content ?? {});
  return { status: Number(status), type, body: { ...(body?.example as object), requestId: undefined } };
};

const refused = async ({ method, path }: Served, headers: Record<string, string>, query = '') => {
  const response = await fetch(`${service.url}${path.replace(/\{\w+\}/g, '1')}${query}`, { method, headers });
  const body = { ...((await response.json()) as object), requestId: undefined };
  return { status: response.status, type: response.headers.get('content-type')?.split(';')[0], body };
};

describe('a documented refusal', () => {
  it('equals the answer to a request without a token', async () => {
    for (const served of withAccess('user', ...SCOPES)) {
      expect({ name: served.name, ...(await refused(served, {})) }).toEqual({
        name: served.name,
        ...documented(served, '401'),
      });
    }
  });

  it('equals the answer to a request with two tokens', async () => {
    const token = await service.token('1001', 'admin');

    for (const served of withAccess('user', ...SCOPES)) {
      const reply = await refused(served, { authorization: `Bearer ${token}` }, `?access_token=${token}`);
      expect({ name: served.name, ...reply }).toEqual({ name: served.name, ...documented(served, '401') });
    }
  });

  it('equals the answer to a user without the scope', async () => {
    const token = await service.token('1001');

    for (const served of withAccess(...SCOPES)) {
      const reply = await refused(served, { authorization: `Bearer ${token}` });
      expect({ name: served.name, ...reply }).toEqual({ name: served.name, ...documented(served, '403') });
    }
  });
});
