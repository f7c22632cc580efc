/** How administrators make, list, rotate and revoke API keys; what the keys may do is in test/auth. */
import { SCOPES } from '../../src/auth/access.js';
import { MAX_LIVE_KEYS } from '../../src/auth/api-keys/api-keys.service.js';
import { makeKey, revokeKey, rotateKey, keyHeaders } from '../support/api-key.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const LIST_OF_SCOPES = `must be a list of ${SCOPES.join(', ')}`;

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

const shown = async (id: string) =>
  (await (await service.admin('GET', `api-keys/${id}`)).json()) as Record<string, unknown>;
const answerTo = async (method: string, path: string, body?: unknown) => {
  const response = await service.admin(method, `api-keys${path}`, body);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const IN_A_DAY = new Date(Date.now() + 86_400_000);

describe('a new key', () => {
  it('is shown once, and then by its beginning', async () => {
    const response = await service.admin('POST', 'api-keys', { name: ' crm ', scopes: ['calls:write', 'calls:read'] });
    const { key, ...made } = (await response.json()) as { key: string; id: string };

    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe(`/v1/admin/api-keys/${made.id}`);
    expect(key).toMatch(/^rbk_[0-9A-Za-z]{38}$/);
    expect(made).toEqual({
      id: expect.stringMatching(/^\d+$/),
      name: 'crm',
      scopes: ['calls:write', 'calls:read'],
      prefix: key.slice(0, 12),
      subject: `key:${made.id}`,
      active: true,
      createdBy: '1001',
      createdAt: expect.any(String),
      expiresAt: null,
      rotatedAt: null,
      revokedAt: null,
      lastUsedAt: null,
    });
    expect(await shown(made.id)).toEqual(made);
  });

  it('is stored as a hash alone: no column of any table has it', async () => {
    const { key, id } = await makeKey(service);
    await rotateKey(service, id);

    const [{ dump }] = await service.database.query<[{ dump: string }]>(
      `select string_agg(database_to_xml.content, '') as dump
       from (select table_to_xml(oid::regclass, true, false, '')::text as content
         from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace) as database_to_xml`,
    );

    expect(dump).toContain(key.slice(0, 12));
    expect(dump).not.toContain(key);
    expect(dump).not.toContain(key.slice(4, 36));
  });

  it('may end by itself', async () => {
    const { expiresAt } = await makeKey(service, { expiresAt: IN_A_DAY.toISOString() });

    expect(expiresAt).toBe(IN_A_DAY.toISOString());
  });

  it.each<[string, object, string, string]>([
    ['no name', { name: undefined }, '/name', 'must be a string'],
    ['a blank name', { name: ' ' }, '/name', 'must not be blank'],
    ['no scopes', { scopes: [] }, '/scopes', LIST_OF_SCOPES],
    ['an unknown scope', { scopes: ['calls'] }, '/scopes', LIST_OF_SCOPES],
    ['scopes that are no list', { scopes: 'admin' }, '/scopes', LIST_OF_SCOPES],
    ['a scope twice', { scopes: ['admin', 'admin'] }, '/scopes', 'must name a scope once only'],
    ['an end in the past', { expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt', 'must be in the future'],
    ['an end that is no time', { expiresAt: 'tomorrow' }, '/expiresAt', expect.stringContaining('RFC 3339') as string],
    ['a key of its own', { key: 'rbk_mine' }, '/key', expect.any(String) as string],
  ])('is refused with %s', async (_what, body, where, what) => {
    expect(await answerTo('POST', '', { name: 'crm', scopes: ['calls:read'], ...body })).toMatchObject({
      status: 400,
      body: { code: 'BAD_REQUEST', errors: [{ where, what }] },
    });
  });
});

describe('the list', () => {
  it('is paged, and has keys that are over as well, none with its text', async () => {
    const { id: before } = await makeKey(service);
    const { id, key } = await makeKey(service);
    const { id: next } = await rotateKey(service, id);
    await revokeKey(service, next);

    const first = await service.admin('GET', `api-keys?limit=1&after=${before}`);
    const page = (await first.json()) as { items: { id: string }[]; next: string | null };
    const rest = await (await service.admin('GET', `api-keys?after=${page.next!}`)).text();

    expect([page.items.map((item) => item.id), page.next]).toEqual([[id], id]);
    expect(JSON.parse(rest)).toMatchObject({ items: [{ id: next, active: false }], next: null });
    expect(rest).not.toContain(key);
    expect((await answerTo('GET', '?after=x')).status).toBe(400);
  });
});

describe('a rotation', () => {
  it('makes a key with the same name, scopes and subject; the previous one ends after a day', async () => {
    const { id, subject, key } = await makeKey(service, { name: 'desk', scopes: ['calls:read'] });

    const made = await rotateKey(service, id);

    expect(made.key).not.toBe(key);
    expect(made).toMatchObject({ name: 'desk', scopes: ['calls:read'], subject, expiresAt: null, active: true });
    const previous = await shown(id);
    expect(previous).toMatchObject({ active: true, expiresAt: made.previousKeyUntil });
    expect(Date.parse(made.previousKeyUntil!) - Date.parse(String(previous.rotatedAt))).toBe(86_400_000);
    expect((await rotateKey(service, made.id)).subject).toBe(subject);
  });

  it('never lets the previous key live longer, and gives the new one the same life', async () => {
    const { id } = await makeKey(service, { expiresAt: IN_A_DAY.toISOString() });
    const { createdAt } = await shown(id);

    const { id: next, expiresAt } = await rotateKey(service, id, { overlapSeconds: 7_776_000 });

    expect(await shown(id)).toMatchObject({ expiresAt: IN_A_DAY.toISOString() });
    const life = Date.parse(expiresAt!) - Date.parse(String((await shown(next)).createdAt));
    expect(life).toBe(IN_A_DAY.getTime() - Date.parse(String(createdAt)));
    const later = new Date(Date.now() + 9 * 86_400_000).toISOString();
    expect((await rotateKey(service, next, { expiresAt: later })).expiresAt).toBe(later);
  });

  it('happens once for a key, whatever the number of requests at one instant', async () => {
    const { id } = await makeKey(service);

    const answers = await Promise.all(Array.from({ length: 10 }, () => answerTo('POST', `/${id}/rotate`, {})));

    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(9).fill(409)]);
    expect(answers.find(({ status }) => status === 409)?.body).toMatchObject({
      code: 'CONFLICT',
      detail: 'The key was rotated already; rotate its successor, which has the same subject.',
    });
  });

  it('is refused for a key that is over, or that does not exist', async () => {
    const { id } = await makeKey(service);
    await revokeKey(service, id);

    expect(await answerTo('POST', `/${id}/rotate`, {})).toMatchObject({
      status: 409,
      body: { detail: 'The key is revoked or expired; make another one.' },
    });
    for (const unknown of ['999999', 'x']) {
      expect((await answerTo('POST', `/${unknown}/rotate`, {})).status).toBe(404);
    }
  });

  it.each([{ overlapSeconds: -1 }, { overlapSeconds: 1.5 }, { overlapSeconds: '60' }, { expiresAt: null }])(
    'is refused with %j',
    async (body) => {
      const { id } = await makeKey(service);

      expect((await answerTo('POST', `/${id}/rotate`, body)).status).toBe(400);
      expect(await shown(id)).toMatchObject({ rotatedAt: null });
    },
  );
});

describe('a revocation', () => {
  it('is shown, and stays as it is when it is repeated', async () => {
    const { id } = await makeKey(service);

    await revokeKey(service, id);
    const first = await shown(id);
    await revokeKey(service, id);

    expect(first).toMatchObject({ active: false, revokedAt: expect.any(String) });
    expect(await shown(id)).toEqual(first);
  });

  it('is refused for a key that does not exist', async () => {
    for (const unknown of ['999999', 'x']) {
      expect((await service.admin('DELETE', `api-keys/${unknown}`)).status).toBe(404);
      expect((await service.admin('GET', `api-keys/${unknown}`)).status).toBe(404);
    }
  });
});

describe('an API key with the scope admin', () => {
  const asKey = (key: string, method: string, path: string, body?: object) =>
    fetch(`${service.url}/v1/admin/${path}`, {
      method,
      headers: { ...keyHeaders(key), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });

  it('administers, and makes no key: what it has made would outlive it', async () => {
    const { id, key } = await makeKey(service, { scopes: ['admin'] });

    expect((await asKey(key, 'GET', 'users?limit=1')).status).toBe(200);
    expect((await asKey(key, 'GET', `api-keys/${id}`)).status).toBe(200);
    for (const [path, body] of [
      ['api-keys', { name: 'other', scopes: ['admin'] }],
      [`api-keys/${id}/rotate`, {}],
    ] as const) {
      const response = await asKey(key, 'POST', path, body);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'FORBIDDEN', detail: expect.stringContaining('no user') });
    }
    expect(await shown(id)).toMatchObject({ rotatedAt: null });
  });

  it('revokes keys, such as one that a secret scanner has found', async () => {
    const { key } = await makeKey(service, { scopes: ['admin'] });
    const { id } = await makeKey(service);

    expect((await asKey(key, 'DELETE', `api-keys/${id}`)).status).toBe(204);
    expect(await shown(id)).toMatchObject({ active: false });
  });
});

describe('the last use', () => {
  it('is shown soon after it', async () => {
    const { id, key } = await makeKey(service, { scopes: ['admin'] });
    await fetch(`${service.url}/v1/admin/users`, { headers: keyHeaders(key) });

    const { lastUsedAt, createdAt } = await waitFor('the last use', async () => {
      const seen = await shown(id);
      return seen.lastUsedAt !== null && seen;
    });

    expect(Date.parse(String(lastUsedAt))).toBeGreaterThanOrEqual(Date.parse(String(createdAt)) - 1_000);
  });
});

it('there may be 1,000 active keys; one that is rotated is still rotated beyond them', async () => {
  const { id } = await makeKey(service);
  await service.database.query(
    `insert into api_key (name, scopes, prefix, hash, created_by)
     select 'filler', '{admin}', '', 'filler ' || n, '1001' from generate_series(1, $1) n`,
    [MAX_LIVE_KEYS],
  );

  const refused = await answerTo('POST', '', { name: 'one more', scopes: ['admin'] });
  await rotateKey(service, id);
  await service.database.query(`update api_key set revoked_at = now() where name = 'filler'`);

  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'CONFLICT', detail: 'There are 1000 active keys; revoke those not in use.' },
  });
  await makeKey(service);
});
