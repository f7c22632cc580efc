/**
 * Each refusal in the document has an example of each error that it may be. The errors that every operation may answer with
 * are provoked here; the fuzz test looks for an answer that has no example.
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { ERRORS, type ErrorName } from '../../src/common/error-table.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import {
  examplesOfRefusal,
  fetchDocument,
  operationsOf,
  type ApiDocument,
  type Reply,
  type Served,
} from './document.js';
import { examplesOf } from './shown-example.js';

let service: TestApp;
let document: ApiDocument;
let operations: Served[];

beforeAll(async () => {
  service = await startTestApp();
  document = await fetchDocument(service.url);
  operations = operationsOf(document);
});
afterAll(() => service.close());

interface Refusal extends Served {
  readonly where: string;
  readonly status: number;
  readonly refusal: Reply;
}

const refusals = (): Refusal[] =>
  operations.flatMap((served) =>
    Object.entries(served.operation.responses).flatMap(([status, refusal]) =>
      Number(status) < 400 ? [] : [{ ...served, where: `${served.name} ${status}`, status: Number(status), refusal }],
    ),
  );

const isOfContract = ({ path }: Served): boolean => path.startsWith('/v1/app/');

interface ShownProblem {
  readonly code: ErrorName;
  readonly title: string;
  readonly status: number;
}

const namesOf = (refusal: Reply): ErrorName[] => refusal.headers!['X-Ringback-Error']!.schema.enum as ErrorName[];

describe('every refusal', () => {
  it('with a problem body shows errors of its status, each once, as the error table has them', () => {
    const problems = refusals().filter((refused) => !isOfContract(refused));

    expect(problems.length).toBeGreaterThan(400);
    for (const { where, status, refusal } of problems) {
      const shown = examplesOfRefusal(refusal) as readonly ShownProblem[];
      const names = shown.map(({ code }) => code);
      expect({ where, names }).toEqual({ where, names: [expect.any(String), ...names.slice(1)] });
      expect({ where, names }).toEqual({ where, names: [...new Set(names)] });
      for (const { code, title, status: shownStatus } of shown) {
        expect({ where, code, title, statuses: [status, shownStatus] }).toEqual({
          where,
          code,
          title: ERRORS[code].message,
          statuses: [ERRORS[code].httpStatus, ERRORS[code].httpStatus],
        });
      }
    }
  });

  it('of the contract shows each error that its header may name', () => {
    const envelopes = refusals().filter(isOfContract);

    expect(envelopes.length).toBeGreaterThan(20);
    for (const { where, status, refusal } of envelopes) {
      const errors = namesOf(refusal).map((name) => ERRORS[name]);
      expect({ where, shown: examplesOfRefusal(refusal) }).toEqual({
        where,
        shown: errors.map(({ code, message }) => ({ returnCode: code, returnMsg: message })),
      });
      expect({ where, statuses: [...new Set(errors.map(({ httpStatus }) => httpStatus))] }).toEqual({
        where,
        statuses: [status],
      });
    }
  });

  it('has a table with exactly the errors that it shows, if it has more than one', () => {
    const tables = refusals().filter(({ refusal }) => refusal.description?.startsWith('| `code`'));

    expect(tables.length).toBeGreaterThan(8);
    for (const { where, refusal } of tables) {
      const listed = [...refusal.description!.matchAll(/^\| `([A-Z_]+)`/gm)].map(([, name]) => name);
      const shown = (examplesOfRefusal(refusal) as readonly ShownProblem[]).map(({ code }) => code);
      expect({ where, shown }).toEqual({ where, shown: listed });
    }
  });
});

interface Sent {
  readonly url?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of a body that does not arrive. */
  readonly length?: number;
  readonly token?: string;
}

/** Path parameters are ids that do not exist. */
const send = async (served: Served, sent: Sent): Promise<{ status: number | undefined; name: unknown }> => {
  const { url = service.url, query = '', headers = {}, body, length, token = await tokenFor(served) } = sent;
  const target = `${url}${served.path.replace(/\{\w+\}/g, '999999')}${query}`;
  const outgoing = request(target, {
    method: served.method,
    headers: {
      authorization: `Bearer ${token}`,
      // The operations of the desk ask for it.
      'x-ringback-desk': '1',
      ...headers,
      // Node does not announce the body of a DELETE.
      ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
      ...(length !== undefined && { 'content-length': length }),
    },
    agent: false,
  });
  // The connection is cut if the service answers before it has read a body.
  outgoing.on('error', () => undefined);
  if (length === undefined) outgoing.end(body);
  else outgoing.flushHeaders();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const received = await text(response);
  outgoing.destroy();
  const name = response.headers['x-ringback-error'] ?? (JSON.parse(received || '{}') as { code?: string }).code;
  return { status: response.statusCode, name };
};

const tokenFor = (served: Served): Promise<string> =>
  service.token('1001', isOfContract(served) ? undefined : 'admin admin:numbers calls:write');

const contentTypeOf = ({ operation }: Served): string =>
  Object.keys(operation.requestBody?.content ?? {})[0] ?? 'application/json';

const shownNames = (refused: Refusal): unknown[] =>
  isOfContract(refused)
    ? namesOf(refused.refusal)
    : (examplesOfRefusal(refused.refusal) as readonly ShownProblem[]).map(({ code }) => code);

/** The desk exchanges the token of a body. */
const withWrongToken = ({ path }: Served): Sent =>
  path === '/v1/desk/session'
    ? { headers: { 'content-type': 'application/json' }, body: '{"token":"x"}' }
    : { token: 'x' };

/** How a refusal of a status is provoked. */
const PROVOKED: Readonly<Record<number, (served: Served) => Sent>> = {
  400: (served) =>
    served.method === 'GET'
      ? { query: '?no-such-parameter=1&after=x&before=9&wait=x' }
      : { headers: { 'content-type': contentTypeOf(served) }, body: '{"' },
  401: withWrongToken,
  404: (served) => {
    const [content] = Object.values(served.operation.requestBody?.content ?? {});
    if (!content) return {};
    if (served.method === 'PATCH') return { headers: { 'content-type': 'application/json' }, body: '{}' };
    return {
      headers: { 'content-type': contentTypeOf(served) },
      body: JSON.stringify(examplesOf(document, content)[0]),
    };
  },
  413: (served) => ({ headers: { 'content-type': contentTypeOf(served) }, length: 1e9 }),
  415: () => ({ headers: { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' }, body: 'x' }),
};

/** A provider must have signed these. */
const isSigned = ({ path, status }: Refusal): boolean =>
  path.startsWith('/v1/webhooks/') && [400, 401].includes(status);

describe('the service answers with an error that the document shows', () => {
  it.each(Object.keys(PROVOKED).map(Number))('where the document has a %s', async (status) => {
    const refused = refusals().filter((refusal) => refusal.status === status && !isSigned(refusal));

    expect(refused.length).toBeGreaterThan(15);
    for (const refusal of refused) {
      const answer = await send(refusal, PROVOKED[status]!(refusal));
      const names = shownNames(refusal);
      expect({ where: refusal.where, ...answer, names }).toEqual({
        where: refusal.where,
        status,
        name: expect.any(String),
        names: expect.arrayContaining([answer.name]),
      });
    }
  });

  it('after many tokens that failed', async () => {
    const strict = await startTestApp({ environment: { FAILED_TOKENS_PER_ADDRESS: '1/1h' } });
    const refused = refusals().filter(({ status }) => status === 429);
    try {
      await send(refused[0]!, { url: strict.url, token: 'x' });

      expect(refused.length).toBeGreaterThan(50);
      for (const refusal of refused) {
        const answer = await send(refusal, { url: strict.url, ...withWrongToken(refusal) });
        const names = shownNames(refusal);
        expect({ where: refusal.where, ...answer, names }).toEqual({
          where: refusal.where,
          status: 429,
          name: expect.stringContaining('FAILED_TOKENS'),
          names: expect.arrayContaining([answer.name]),
        });
      }
    } finally {
      await strict.close();
    }
  });
});
