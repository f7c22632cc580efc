/**
 * A client of the last release works with this version: docs/versions.md says what may change. The document of the last
 * release is in this folder.
 */
import { readFile } from 'node:fs/promises';
import { apiCompare, type Diff } from 'api-smart-diff';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
type Document = Readonly<Record<string, Json>>;

/** Necessary breaking changes. Each is in CHANGELOG.md. */
const KNOWN: Readonly<Record<string, string>> = {
  // A caller by phone number has no user id.
  'replace callerId/type': '`callerId` may be null',
  // Only in the document: the service accepts a token in the query as before.
  'remove security/1': 'openapi.json offers one way to authenticate',
  // One value is accepted as before.
  'remove /v1/admin/calls get stateType': 'The call search takes several `stateType` and `endReason`',
  'remove /v1/admin/calls get endReason': 'The call search takes several `stateType` and `endReason`',
};

const read = async (path: string): Promise<Document> => JSON.parse(await readFile(path, 'utf8')) as Document;

/** The schemas that requests use, directly or through other schemas. */
const requestSchemas = (document: Document): ReadonlySet<string> => {
  const { schemas } = document.components as { schemas: Record<string, Json> };
  const found = new Set<string>();
  const collect = (json: Json): void => {
    for (const [, name = ''] of JSON.stringify(json).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (found.has(name)) continue;
      found.add(name);
      collect(schemas[name] ?? null);
    }
  };
  const operations = Object.values(document.paths as Record<string, Record<string, Document>>).flatMap(Object.values);
  for (const { requestBody = null, parameters = null } of operations as Document[]) collect([requestBody, parameters]);
  return found;
};

/** Fields and values may be added to responses. api-smart-diff does not distinguish schemas of responses. */
const isAddedToResponse = ({ action, path }: Diff, ofRequests: ReadonlySet<string>): boolean => {
  if (action !== 'add') return false;
  const [room, kind, name] = path.map(String);
  const isOfResponse =
    room === 'paths' ? path.includes('responses') : kind === 'schemas' && !ofRequests.has(name ?? '');
  return isOfResponse && ['properties', 'required', 'enum'].includes(String(path.at(-2)));
};

/**
 * api-smart-diff allows that a request loses a field, or requires one that has a default. Here both are breaking: the
 * service refuses unknown fields and missing required fields.
 */
const isBreak = ({ type, action, path }: Diff): boolean =>
  type === 'breaking' ||
  (action === 'remove' && path.at(-2) === 'properties') ||
  (action === 'add' && path.at(-2) === 'required');

/** The last two names of its path: what it changes, at any place. */
const changeOf = ({ action, path }: Diff): string => `${action} ${path.slice(-2).join('/')}`;

/** Of a change within a parameter: the operation, and the name that the parameter had before. */
const parameterOf = ({ action, path }: Diff, before: Document): string => {
  const [, url = '', method = '', room, index] = path.map(String);
  const operation = (before.paths as Record<string, Record<string, Document>>)[url]?.[method];
  const parameters = (operation?.parameters ?? []) as readonly { readonly name: string }[];
  return room === 'parameters' ? `${action} ${url} ${method} ${parameters[Number(index)]?.name ?? ''}` : '';
};

const breaksBetween = (before: Document, after: Document): string[] => {
  const ofRequests = new Set([...requestSchemas(before), ...requestSchemas(after)]);
  return apiCompare(before, after)
    .diffs.filter(isBreak)
    .filter((diff) => !isAddedToResponse(diff, ofRequests))
    .filter((diff) => !(changeOf(diff) in KNOWN) && !(parameterOf(diff, before) in KNOWN))
    .map((diff) => `${diff.action} ${diff.path.join('/')}`);
};

let last: Document;
let present: Document;

beforeAll(async () => {
  last = await read('test/api-document/last-release.openapi.json');
  present = await read('docs/openapi.json');
});

it('the document has no breaking change since the last release', () => {
  expect(breaksBetween(last, present)).toEqual([]);
});

it('every known break is in the changelog', async () => {
  const changelog = await readFile('CHANGELOG.md', 'utf8');
  for (const line of Object.values(KNOWN)) expect(changelog).toContain(line);
});

const changed = (change: (document: never) => void): Document => {
  const copy = structuredClone(present);
  change(copy as never);
  return copy;
};

interface Changeable {
  paths: Record<
    string,
    Record<string, { parameters: unknown[]; requestBody: unknown; responses: Record<string, unknown> }>
  >;
  components: { schemas: Record<string, { properties: Record<string, { type?: unknown }>; required?: string[] }> };
}

describe('a breaking change is detected:', () => {
  it.each<[string, (document: Changeable) => void]>([
    ['a removed path', ({ paths }) => delete paths['/v1/admin/users']],
    ['a removed method', ({ paths }) => delete paths['/v1/admin/users']!.get],
    ['a removed field of a response', ({ components }) => delete components.schemas.UserReply!.properties.phone],
    [
      'a field of a response with another type',
      ({ components }) => (components.schemas.UserReply!.properties.name!.type = 'number'),
    ],
    ['a removed field of a request', ({ components }) => delete components.schemas.NewUser!.properties.phone],
    ['a newly required field of a request', ({ components }) => components.schemas.NewUser!.required!.push('phone')],
    [
      'a newly required parameter',
      ({ paths }) =>
        paths['/v1/admin/users']!.get!.parameters.push({
          name: 'since',
          in: 'query',
          required: true,
          schema: { type: 'string' },
        }),
    ],
  ])('%s', (_, change) => {
    expect(breaksBetween(present, changed(change))).not.toEqual([]);
  });
});

describe('no breaking change is', () => {
  it.each<[string, (document: Changeable) => void]>([
    [
      'a new field of a response',
      ({ components }) => (components.schemas.UserReply!.properties.nickname = { type: 'string' }),
    ],
    [
      'a new optional parameter',
      ({ paths }) =>
        paths['/v1/admin/users']!.get!.parameters.push({ name: 'since', in: 'query', schema: { type: 'string' } }),
    ],
  ])('%s', (_, change) => {
    expect(breaksBetween(present, changed(change))).toEqual([]);
  });
});
