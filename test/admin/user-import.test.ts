/** Users from a CSV file, as spreadsheets write it. */
import { readFile } from 'node:fs/promises';
import { readUserCsv, USER_COLUMN_NAMES } from '../../src/directory/user-csv.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

let service: TestApp;

beforeAll(async () => {
  service = await startTestApp();
});
beforeEach(() => service.database.query('delete from app_user where id >= 700000 and id < 800000'));
afterAll(() => service.close());

const send = async (body: string | Buffer, query = '', type = 'text/csv') => {
  const response = await fetch(`${service.url}/v1/admin/users/import${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await service.token('1001', 'admin')}`, 'content-type': type },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const stored = (): Promise<Record<string, unknown>[]> =>
  service.database.query(
    'select id, name, phone, external_id as "externalId" from app_user where id >= 700000 and id < 800000 order by id',
  );

/** 编号,姓名,手机号 / 700001,王小明,138 0013 8000, as Excel in China writes it. */
const IN_GB18030 = Buffer.concat([
  Buffer.from('b1e0bac52cd0d5c3fb2ccad6bbfabac50d0a', 'hex'),
  Buffer.from('3730303030312ccdf5d0a1c3f72c313338203030313320383030300d0a', 'hex'),
]);

const WANG = { id: '700001', name: '王小明', phone: '+8613800138000', externalId: null };

it.each([
  ['UTF-8', 'id,name,phone\n700001,王小明,138 0013 8000\n', 'text/csv', 'UTF-8'],
  ['UTF-8 with a byte order mark', '\ufeff编号,姓名,手机号\r\n700001,王小明,13800138000\r\n', 'text/csv', 'UTF-8'],
  ['GB18030', IN_GB18030, 'text/csv', 'GB18030'],
  ['GB18030 under its older name', IN_GB18030, 'text/csv; charset=gbk', 'GB18030'],
  [
    'quoted cells',
    '"Mobile Number","User ID","Full Name"\n"+86 138-0013-8000","700001","王小明"\n',
    'text/csv',
    'UTF-8',
  ],
  ['names of an HR program', '员工编号,姓名,移动电话\n700001,王小明,13800138000\n', 'text/csv', 'UTF-8'],
  ['names of a template', '*员工工号,姓名（必填）,手机号码 (必填)\n700001,王小明,13800138000\n', 'text/csv', 'UTF-8'],
  ['names in English', 'Employee ID,Employee Name,Mobile No.\n700001,王小明,13800138000\n', 'text/csv', 'UTF-8'],
  ['other names', 'USER_ID,用户姓名,联系电话,外部ID\n700001,王小明,13800138000,\n', 'text/csv; charset=utf-8', 'UTF-8'],
])('imports a file with %s', async (_, file, type, encoding) => {
  expect(await send(file, '', type)).toEqual({
    status: 200,
    body: { created: 1, changed: 0, unchanged: 0, dryRun: false, encoding, ignoredColumns: [] },
  });
  expect(await stored()).toEqual([WANG]);
});

describe('the names of columns', () => {
  const names = Object.entries(USER_COLUMN_NAMES);

  it.each(names.flatMap(([column, all]) => all.map((name) => [name, column])))(
    '%s is the column %s, however it is written',
    async (name, column) => {
      const others = ['id', 'name', 'phone'].filter((one) => one !== column);
      for (const written of [name, ` ${name.toUpperCase().replaceAll(' ', '_')} `, name.replaceAll(' ', '')]) {
        const { users } = await readUserCsv(`${[written, ...others].join(',')}\n${['this', ...others].join(',')}\n`);

        expect(users).toEqual([expect.objectContaining({ [column]: 'this' })]);
      }
    },
  );

  it('are no two columns’ at once', () => {
    const all = names.flatMap(([, some]) => some);

    expect(all).toHaveLength(new Set(all).size);
  });

  it('are those that docs/api.md lists', async () => {
    const page = await readFile('docs/api.md', 'utf8');
    const [, table = ''] = /^\| column \| names in the first row .*\n\| --- .*\n((?:\|.*\n)+)/m.exec(page) ?? [];

    const listed = table
      .trimEnd()
      .split('\n')
      .map((row) => row.split(' | ').map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text)))
      .map(([column, some]) => [column?.[0], some]);
    expect(listed).toEqual(names);
  });
});

it.each(['utf-8', 'UTF8', '"utf-8"', 'us-ascii'])('refuses a file in GB18030 that claims to be %s', async (charset) => {
  const { status, body } = await send(IN_GB18030, '', `text/csv; charset=${charset}`);

  expect({ status, body }).toMatchObject({ status: 400, body: { detail: 'The body is not UTF-8.' } });
  expect(await stored()).toEqual([]);
});

it('reads a file as what its sender says, also if its bytes are UTF-8 of other names', async () => {
  const file = Buffer.concat([
    Buffer.from('id,name,phone\n700001,'),
    Buffer.from('d2bb', 'hex'),
    Buffer.from(',95588\n'),
  ]);

  expect((await send(file, '', 'text/csv; charset=gbk')).body).toMatchObject({ created: 1, encoding: 'GB18030' });
  expect(await stored()).toMatchObject([{ name: '一' }]);
});

it('says in a dry run what an import does, and changes nothing', async () => {
  await send('id,name,phone\n700001,王小明,13800138000\n700002,李,\n');
  const file =
    'id,name,phone,externalId\n700001,王小明,13800138000,\n700002,李小红,010-56469588,li\n700003,Wu,95588,\n';
  const expected = { created: 1, changed: 1, unchanged: 1, encoding: 'UTF-8', ignoredColumns: [] };
  const before = await stored();

  expect(await send(file, '?dryRun=true')).toEqual({ status: 200, body: { ...expected, dryRun: true } });
  expect(await stored()).toEqual(before);
  expect(await send(file, '?dryRun=false')).toEqual({ status: 200, body: { ...expected, dryRun: false } });
  expect(await stored()).toEqual([
    WANG,
    { id: '700002', name: '李小红', phone: '+861056469588', externalId: 'li' },
    { id: '700003', name: 'Wu', phone: '95588', externalId: null },
  ]);
});

it('keeps the external id of a user whose cell is empty', async () => {
  await send('id,name,phone,externalId\n700001,王小明,13800138000,wang\n');
  await send('id,name,phone,externalId\n700001,王小明,,\n');

  expect(await stored()).toEqual([{ ...WANG, phone: null, externalId: 'wang' }]);
});

it.each(['', '?dryRun=true'])('names every fault by its line and column, and stores nothing%s', async (query) => {
  const file = [
    '\nid,name,phone',
    '700001,王小明,13800138000',
    '',
    'x,,1.38E+10',
    '700001,Wu,95588',
    '700004,"a,95588',
    '700005,Li,95588,extra',
    '700006,,95588',
  ];

  const { status, body } = await send(file.join('\n'), query);

  expect([status, body['code']]).toEqual([400, 'BAD_REQUEST']);
  const errors = body['errors'] as { where: string; what: string }[];
  expect(errors.map(({ where }) => where)).toEqual([
    ...['line 5, id', 'line 5, name', 'line 5, phone'],
    'line 6, id',
    'line 7',
    'line 8',
    'line 9, name',
  ]);
  expect(errors.slice(3).map(({ what }) => what)).toEqual([
    'is the id of line 3 too',
    expect.stringContaining('quote'),
    'has 4 cells, and the first row has 3',
    'must not be blank',
  ]);
  expect(await stored()).toEqual([]);
});

it('ignores columns of other names, and says which, so that a misspelt one is seen', async () => {
  const file = '部门,工号,姓名,手机,E-mail,部门,,external idd\n"研发, 二部",700001,王小明,13800138000,w@x.cn,,,wang\n';

  const dryRun = await send(file, '?dryRun=true');
  const { status, body } = await send(file);

  expect(status).toBe(200);
  expect(body).toMatchObject({ created: 1, ignoredColumns: ['部门', 'E-mail', '部门', 'external idd'] });
  expect(dryRun.body).toEqual({ ...body, dryRun: true });
  expect(await stored()).toEqual([WANG]);
});

it.each([
  ['no name of a phone', 'id,name\n700001,Wu\n', ''],
  ['a misspelt name of a phone', '部门,编号,姓名,手机好\n研发,700001,Wu,95588\n', '; unknown here: "部门", "手机好"'],
  ['semicolons', 'id;name;phone\n700001;Wu;95588\n', '; unknown here: "id;name;phone"'],
])('refuses a file with %s, and says which columns it must have', async (_, file, unknown) => {
  const { status, body } = await send(file);

  expect(status).toBe(400);
  const what = `must have the names of the columns, separated by commas: id, name, phone; it may have externalId${unknown}`;
  expect(body['errors']).toEqual([{ where: 'line 1', what }]);
});

it.each([
  ['id,name,phone,手机', '"phone" and "手机" are both the column phone'],
  ['用户ID,员工编号,姓名,手机号', '"用户ID" and "员工编号" are both the column id'],
  ['id,name,User Name,phone', '"name" and "User Name" are both the column name'],
  ['id,phone,phone', '"phone" and "phone" are both the column phone'],
])('refuses a file with the columns %s, and says which two are the same', async (head, what) => {
  const { status, body } = await send(`${head}\n700001,Wu,95588,95588\n`);

  expect(status).toBe(400);
  expect(body['errors']).toEqual([{ where: 'line 1', what: `${what}: leave one of them out` }]);
});

it('refuses an external id of a user who is not in the file, by its line', async () => {
  await send('id,name,phone,externalId\n700001,王小明,13800138000,wang\n');

  const { status, body } = await send('id,name,phone,externalId\n700002,Wu,95588,wang\n', '?dryRun=true');

  expect([status, body['errors']]).toEqual([409, [{ where: 'line 2, externalId', what: 'belongs to user 700001' }]]);
});

it.each([
  ['bytes of no encoding', Buffer.from('69642cff', 'hex'), 'text/csv', 400],
  ['another encoding', 'id,name,phone\n', 'text/csv; charset=big5', 415],
  ['no CSV', '{}', 'application/json', 415],
  ['more than 2 MB', 'x'.repeat(2 * 1024 * 1024 + 1), 'text/csv', 413],
  ['more than 10,000 rows', `id,name,phone\n${'\n'.repeat(10_001)}`, 'text/csv', 413],
  ['nothing', '', 'text/csv', 400],
])('refuses %s', async (_, file, type, status) => {
  expect((await send(file, '', type)).status).toBe(status);
});

it('refuses a dryRun that is neither true nor false', async () => {
  expect((await send('id,name,phone\n700001,Wu,95588\n', '?dryRun=yes')).status).toBe(400);
  expect(await stored()).toEqual([]);
});

it('leaves an entry in the audit, and a dry run leaves none', async () => {
  const entries = async () =>
    ((await (await service.admin('GET', 'audit?action=importUsers')).json()) as { items: object[] }).items;
  const before = (await entries()).length;
  await send('id,name,phone\n700001,王小明,13800138000\n', '?dryRun=true');
  expect(await entries()).toHaveLength(before);

  await send('id,name,phone\n700001,王小明,13800138000\n');

  expect((await entries())[0]).toMatchObject({ detail: { created: 1, createdIds: ['700001'] } });
});
