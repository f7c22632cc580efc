/** Random, often malformed requests, generated from the document for every operation, parameter and field. */
import fc from 'fast-check';
import type { ApiDocument, Parameter, Schema, Served } from './document.js';
import { operationsOf } from './document.js';
import { examplesOf } from './shown-example.js';

export interface FuzzedRequest {
  readonly served: Served;
  /** The request target with its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly as: 'admin' | 'user' | 'nobody';
}

/** Existing ids and values, so that not every request fails at an unknown id. */
export interface KnownValues {
  readonly [name: string]: readonly string[];
}

const AWKWARD: readonly unknown[] = [
  ...[null, true, false, 0, -0, 1, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63), [], {}, [[]], [null], { a: {} }],
  ...[
    '',
    ' ',
    '0',
    '-1',
    '1e3',
    '007',
    'NaN',
    'null',
    'true',
    'undefined',
    '９',
    '[]',
    '{}',
    "'; drop table app_user; --",
  ],
  ...['9223372036854775807', '9223372036854775808', '1'.repeat(32), '4'.repeat(32), '9'.repeat(5_000)],
  ...[
    '\0',
    'a\0b',
    '\ud800',
    'a\udfffb',
    '\u202e',
    '\ufeff',
    '\r\nx: y',
    '𝒳'.repeat(101),
    'é'.repeat(2_000),
    '\u0301'.repeat(999),
  ],
  ...[
    '%',
    '%zz',
    '%00',
    '..',
    '../../etc/passwd',
    '/',
    '\\',
    '?',
    '#',
    ';',
    '*',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...[
    '2026-11-24',
    '2026-11-24T08:00:00Z',
    '+275760-09-13T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '0000-00-00T00:00:00Z',
  ],
  ...[
    '+8613800138000',
    '13800138000;ext=1',
    '+',
    'tel:110',
    'http://127.0.0.1:9/',
    'http://[::1',
    'javascript:alert(1)',
  ],
];

/** Bodies that are not JSON, or not valid for the service. */
const RAW_BODIES = ['', '{', '[', '"', 'nul', '\0', '{"a":1,}', '[1', '{}{}', '{"__proto__":{}}', '\ufeff{}'].map(
  (text) => Buffer.from(text),
);
const NO_UTF_8 = Buffer.from([0x7b, 0x22, 0xb9, 0xe3, 0x22, 0x3a, 0x31, 0x7d]);
const DEEP = Buffer.from('['.repeat(9_000) + ']'.repeat(9_000));
const TOO_LARGE = Buffer.from(`{"name":"${'x'.repeat(66 * 1024)}"}`);

const TYPES = [
  ...Array.from({ length: 20 }, () => 'application/json'),
  ...[
    'application/json; charset=utf-8',
    'application/json; charset=gbk',
    'application/x-www-form-urlencoded',
    'text/plain',
    'json',
    '',
  ],
];

const boundariesOf = ({ enum: choices = [], ...schema }: Schema): unknown[] => {
  const { minimum, maximum, default: usual } = schema as { minimum?: number; maximum?: number; default?: unknown };
  const limits = [minimum, maximum].flatMap((limit) => (limit === undefined ? [] : [limit - 1, limit, limit + 1]));
  return [...choices, ...limits, ...(usual === undefined ? [] : [usual]), ...(schema.examples ?? [])];
};

const valueFor = (name: string, schema: Schema, known: KnownValues): fc.Arbitrary<unknown> => {
  const likely = [...(known[name] ?? []), ...boundariesOf(schema)];
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...(likely.length > 0 ? likely : AWKWARD)) },
    { weight: 3, arbitrary: fc.constantFrom(...AWKWARD) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  );
};

/** An empty text for undefined. */
const jsonOf = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));

const written = (value: unknown): string => (typeof value === 'string' ? value : jsonOf(value));

/** A URL cannot contain a lone surrogate. Its bytes are sent instead, as broken encoders do. */
const escaped = (value: unknown): string =>
  Array.from(written(value))
    .map((character) => (/^\p{Surrogate}$/u.test(character) ? '%ED%A0%80' : encodeURIComponent(character)))
    .join('');

const pathFor = ({ path, operation }: Served, known: KnownValues): fc.Arbitrary<string> => {
  const parts = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
  return fc.tuple(...parts.map(({ name, schema = {} }) => valueFor(name, schema, known))).map((values) =>
    // A function, because replace() interprets $& in a text.
    parts.reduce((text, { name }, i) => text.replace(`{${name}}`, () => escaped(values[i])), path),
  );
};

const queryFor = (parameters: readonly Parameter[], known: KnownValues): fc.Arbitrary<string> => {
  const pairs = parameters.map(({ name, schema = {} }) =>
    valueFor(name, schema, known).map((value) => `${name}=${escaped(value)}`),
  );
  const unknown = fc.constantFrom('x=1', '__proto__=1', 'a[]=1', 'a[b]=1', '=', '&&', '%', '%00=%00', '%B9%E3=%B9%E3');
  const one = fc.oneof(...pairs, ...(pairs.length === 0 ? [unknown] : [{ weight: 1, arbitrary: unknown }]));
  return fc.array(one, { maxLength: 3 }).map((chosen) => (chosen.length > 0 ? `?${chosen.join('&')}` : ''));
};

/** The example with some of its fields, at any depth, replaced. */
const changed = (example: unknown, known: KnownValues): fc.Arbitrary<unknown> => {
  if (typeof example !== 'object' || example === null) return valueFor('', {}, known);
  if (Array.isArray(example)) {
    return fc.oneof(fc.array(changed(example[0], known), { maxLength: 3 }), fc.constantFrom(...AWKWARD));
  }
  const fields = Object.entries(example).map(([name, value]) => [
    name,
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(value, ...(known[name] ?? [])) },
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 2, arbitrary: fc.constantFrom(...AWKWARD) },
      { weight: 1, arbitrary: changed(value, known) },
    ),
  ]);
  const whole = fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>);
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: whole.map((value) => ({ ...value, another: 1 })) },
    { weight: 1, arbitrary: fc.constantFrom(...AWKWARD) },
  );
};

const bodyFor = (document: ApiDocument, { operation }: Served, known: KnownValues): fc.Arbitrary<Buffer | null> => {
  const [content] = Object.values(operation.requestBody?.content ?? {});
  const examples = content ? examplesOf(document, content) : [{}];
  const json = fc.oneof(...examples.map((example) => changed(example, known)));
  return fc.oneof(
    { weight: 12, arbitrary: json.map((value) => Buffer.from(jsonOf(value))) },
    { weight: 2, arbitrary: fc.constantFrom(...RAW_BODIES, NO_UTF_8, DEEP, TOO_LARGE, null) },
  );
};

const headersFor = (parameters: readonly Parameter[], hasBody: boolean): fc.Arbitrary<Record<string, string>> => {
  const names = parameters.map(({ name }) => name.toLowerCase());
  const values = names.map(() =>
    fc.option(fc.constantFrom('0', '-1', '2', '9'.repeat(400), 'x', '\xff', '1e3'), { nil: undefined }),
  );
  return fc
    .tuple(fc.constantFrom(...TYPES), ...values)
    .map(
      ([type, ...chosen]) =>
        Object.fromEntries([
          ...(hasBody && type !== '' ? [['content-type', type]] : []),
          ...names.flatMap((name, i) => (chosen[i] === undefined ? [] : [[name, chosen[i]]])),
        ]) as Record<string, string>,
    );
};

export const fuzzedRequests = (document: ApiDocument, known: KnownValues): fc.Arbitrary<FuzzedRequest> => {
  const requests = operationsOf(document).map((served) => {
    const hasBody = served.method !== 'GET';
    const placed = (where: string) => (served.operation.parameters ?? []).filter((parameter) => parameter.in === where);
    return fc.record<FuzzedRequest>({
      served: fc.constant(served),
      target: fc.tuple(pathFor(served, known), queryFor(placed('query'), known)).map((parts) => parts.join('')),
      headers: headersFor(placed('header'), hasBody),
      body: hasBody ? bodyFor(document, served, known) : fc.constant(null),
      as: fc.constantFrom('admin', 'admin', 'admin', 'admin', 'admin', 'admin', 'admin', 'user', 'user', 'nobody'),
    });
  });
  return fc.oneof(...requests);
};
