/** Users by a part of the name, and by phone. */
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
afterAll(() => service.close());

interface Page {
  readonly items: readonly { readonly id: string; readonly name: string; readonly phone: string | null }[];
  readonly next: string | null;
}

const page = async (query: Readonly<Record<string, string>>): Promise<Page> => {
  const response = await service.admin('GET', `users?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Page;
};

const found = async (query: Readonly<Record<string, string>>): Promise<string[]> =>
  (await page({ limit: '200', ...query })).items.map(({ id }) => id);

const store = async (users: readonly object[]): Promise<void> => {
  expect((await service.admin('PUT', 'users', { users })).status).toBe(200);
};

describe('by name', () => {
  beforeAll(() =>
    store([
      { id: '601', name: '欧阳小明' },
      { id: '602', name: '欧阳小红' },
      { id: '603', name: 'Zoë O’Brien-欧阳' },
      { id: '604', name: '100% _sure_' },
      { id: '605', name: 'a'.repeat(100) },
    ]),
  );

  it.each([
    ['欧阳', ['601', '602', '603']],
    ['欧', ['601', '602', '603']],
    ['阳小明', ['601']],
    ['小阳', []],
    ['zoë o’BRIEN', ['603']],
    ['0% _', ['604']],
    ['%', ['604']],
    ['_', ['604']],
    ['a'.repeat(100), ['605']],
    [' 阳小明 ', []],
    ['nobody is called so', []],
  ])('%j finds %j', async (name, ids) => {
    expect(await found({ name })).toEqual(ids);
  });

  it('finds each user page by page, by id', async () => {
    const first = await page({ name: '欧阳', limit: '2' });
    const second = await page({ name: '欧阳', limit: '2', after: first.next! });

    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['601', '602', '603']);
    expect([first.next, second.next]).toEqual(['602', null]);
  });

  it('finds a user under the new name at once, and not under the former', async () => {
    await store([{ id: '606', name: '司徒' }]);
    await service.admin('PATCH', 'users/606', { name: '上官' });

    expect(await found({ name: '司徒' })).toEqual([]);
    expect(await found({ name: '上官' })).toEqual(['606']);
  });

  it('finds what a search through all names finds', async () => {
    const characters = ['王', '小', '明', 'A', 'a', 'İ', 'ß', '😀', ' ', '%', "'", '\\'];
    const name = fc
      .string({ unit: fc.constantFrom(...characters), minLength: 1, maxLength: 5 })
      .filter((text) => text.trim() !== '');
    const names = fc.sample(name, { numRuns: 300, seed: 1 });
    await store(names.map((text, index) => ({ id: String(20_000 + index), name: text })));

    for (const part of fc.sample(name, { numRuns: 100, seed: 2 })) {
      const expected = await service.database.query<{ id: string }[]>(
        'select id from app_user where strpos(lower(name), lower($1)) > 0 order by id limit 200',
        [part],
      );
      expect({ part, ids: await found({ name: part }) }).toEqual({ part, ids: expected.map(({ id }) => id) });
    }
  });
});

describe('by phone', () => {
  beforeAll(() =>
    store([
      { id: '701', name: '甲', phone: '+8613700000701' },
      { id: '702', name: '乙', phone: '+8613700000701' },
      { id: '703', name: '丙', phone: '010-56469588转8001' },
      { id: '704', name: '丁', phone: '010-56469588转8002' },
      { id: '705', name: '戊', phone: '010-56469588' },
    ]),
  );

  it.each([
    ['137 0000 0701', ['701', '702']],
    ['+86 137-0000-0701', ['701', '702']],
    [' 8613700000701', ['701', '702']],
    ['１３７０００００７０１', ['701', '702']],
    ['010-56469588', ['703', '704', '705']],
    ['010-56469588转8002', ['704']],
    ['+861056469588;ext=8001', ['703']],
    ['13700000702', []],
  ])('%j finds %j', async (phone, ids) => {
    expect(await found({ phone })).toEqual(ids);
  });

  it('and name and external id, a user must match all', async () => {
    await service.admin('PATCH', 'users/702', { externalId: 'the second' });

    expect(await found({ phone: '13700000701', name: '乙' })).toEqual(['702']);
    expect(await found({ phone: '13700000701', name: '丙' })).toEqual([]);
    expect(await found({ externalId: 'the second', phone: '13700000701', name: '乙' })).toEqual(['702']);
    expect(await found({ externalId: 'the second', phone: '010-56469588' })).toEqual([]);
    expect(await found({ externalId: 'the second', name: '甲' })).toEqual([]);
  });

  it('finds each user page by page, by id', async () => {
    const first = await page({ phone: '010-56469588', limit: '2' });
    const second = await page({ phone: '010-56469588', limit: '2', after: first.next! });

    expect([first, second].map(({ items }) => items.map(({ id }) => id))).toEqual([['703', '704'], ['705']]);
    expect(second.next).toBeNull();
  });
});

it.each([
  ['name=', '/name', 'blank'],
  ['name=%20', '/name', 'blank'],
  [`name=${'a'.repeat(101)}`, '/name', '100 characters'],
  ['name=a%00', '/name', 'control characters'],
  ['name=a&name=b', '/name', 'must be a string'],
  ['phone=', '/phone', 'is not a number'],
  ['phone=abc', '/phone', 'is not a number'],
  ['phone=110', '/phone', 'is not a number'],
  ['phone=13700000701&phone=13700000701', '/phone', 'must be a string'],
])('refuses ?%s', async (query, where, what) => {
  const response = await service.admin('GET', `users?${query}`);

  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ errors: [{ where, what: expect.stringContaining(what) }] });
});

it('leaves an entry in the audit that has neither the number nor its extension', async () => {
  await found({ phone: '010-56469588转8001' });

  const response = await service.admin('GET', 'audit?action=listUsers&limit=1');
  const text = await response.text();
  expect(text).toContain('****');
  expect(text).not.toMatch(/8001|56469588/);
});
