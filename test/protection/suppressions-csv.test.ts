/** The suppression list as CSV: out of one service, into another, and through spreadsheets. */
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvLine, readSuppressions } from '../../src/directory/suppression-csv.js';
import { newPhone } from '../support/backend.js';
import { collectedLog } from '../support/collected-log.js';
import { startTestApp, type TestApp } from '../support/test-app.js';

const HEAD = 'phone,reason,source,until,createdAt';

const log = collectedLog();
let service: TestApp;

beforeAll(async () => {
  service = await startTestApp({ environment: { LOG_LEVEL: 'warn' }, logTo: log.stream });
});
beforeEach(() => service.database.query('truncate suppression'));
afterAll(() => service.close());

const authorization = async () => ({ authorization: `Bearer ${await service.token('1001', 'admin')}` });

const put = async (body: string | Buffer, type = 'text/csv', more: Record<string, string> = {}) => {
  const response = await fetch(`${service.url}/v1/admin/suppressions.csv`, {
    method: 'PUT',
    headers: { ...(await authorization()), 'content-type': type, ...more },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

const exported = async (): Promise<Buffer> => {
  const response = await service.admin('GET', 'suppressions.csv');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
  expect(response.headers.get('content-disposition')).toBe('attachment; filename="suppressions.csv"');
  return Buffer.from(await response.arrayBuffer());
};

const rows = (): Promise<Record<string, unknown>[]> =>
  service.database.query('select phone, reason, source, until from suppression order by id');

it('imports rows with any of the columns in any order, and replaces what is known of a number', async () => {
  const first = await put('source,phone\r\nhotline,139 0000 0001\r\n"a ""form"", old",95588\r\n');
  const second = await put('phone,until,reason\n+8613900000001,2099-01-01T08:00:00+08:00,"不要\u3000打"\n95588,,\n');

  expect(first).toEqual({ status: 200, body: { created: 2, changed: 0, unchanged: 0 } });
  expect(second).toEqual({ status: 200, body: { created: 0, changed: 2, unchanged: 0 } });
  expect(await rows()).toEqual([
    { phone: '+8613900000001', reason: '不要\u3000打', source: null, until: new Date('2099-01-01T00:00:00Z') },
    { phone: '95588', reason: null, source: null, until: null },
  ]);
});

it.each([
  ['a byte order mark', `\ufeff${HEAD}\r\n95588,,,,\r\n`],
  ['no line end at its end', `${HEAD}\n95588,,,,`],
  ['line ends of old Macs', `${HEAD}\r95588,,,,\r`],
  ['empty rows', `\n${HEAD}\n\n,,,,\n95588,,,,\n,,,,\n\n`],
  ['the encoding of Excel in China', Buffer.from('phone,reason\n95588,\xcd\xb6\xcb\xdf\n', 'latin1')],
  ['a charset in quotes', `${HEAD}\n95588,,,,\n`, 'text/csv; charset="UTF-8"; header=present'],
])('imports a file with %s', async (_, text, type = 'text/csv') => {
  expect(await put(text, type)).toEqual({ status: 200, body: { created: 1, changed: 0, unchanged: 0 } });
});

it('exports what it imports, so that neither an import of an export nor the file of a spreadsheet changes anything', async () => {
  await put(
    [
      'phone,reason,source,until',
      '+8613900000001,"=HYPERLINK(""http://evil.example"")",+1+1,2099-01-01T00:00:00.123Z',
      "95588,'=1,''quoted'',",
      '+442079460000,"a, ""b""",-,',
      '+8613900000002,＝全角,@here,',
      '+8613900000003, padded ,’curly’,',
    ].join('\n'),
  );
  const before = await rows();
  const file = await exported();

  expect(await put(file)).toEqual({ status: 200, body: { created: 0, changed: 0, unchanged: 5 } });
  expect(await exported()).toEqual(file);
  await service.database.query('truncate suppression');
  expect(await put(file)).toMatchObject({ body: { created: 5 } });
  expect(await rows()).toEqual(before);
  const cells = parse(file, { bom: true });
  expect(cells[0]!.join()).toBe(HEAD);
  expect(cells.flat().filter((cell) => /^[=+\-@\t\r＝＋－＠]/.test(cell))).toEqual([]);
});

it('reads every text that it writes', async () => {
  const text = fc
    .string({
      unit: fc.constantFrom("'", '=', '+', '-', '@', '＝', '"', ',', ';', ' ', 'a', '中', '😀'),
      minLength: 1,
      maxLength: 12,
    })
    .filter((value) => value.trim() !== '');
  await fc.assert(
    fc.asyncProperty(text, fc.option(text), async (reason, source) => {
      const suppression = { id: '1', phone: '+8613900000001', reason, source, until: null, createdAt: new Date() };
      const [read] = await readSuppressions(`${HEAD}\r\n${csvLine(suppression)}`, 'CN');
      expect(read).toEqual({ phone: '+8613900000001', reason, source, until: null });
    }),
  );
});

it('names the line and the column of everything that is wrong, and imports nothing then', async () => {
  const { status, body } = await put(
    [
      'phone,reason,until',
      '13900000001,,',
      '110,,',
      '13900000002,,tomorrow',
      `13900000003,${'x'.repeat(201)},`,
      '139 0000 0001,,',
      '95588,',
      ',no number,',
      '13900000004,"\u0007",2026-02-30T00:00:00Z',
    ].join('\n'),
  );

  const faults = body.errors as { where: string; what: string }[];
  expect([status, body.code, body.detail]).toEqual([
    400,
    'BAD_REQUEST',
    'Nothing has been changed: every row must be valid.',
  ]);
  expect(faults.map(({ where }) => where)).toEqual([
    'line 3, phone',
    'line 4, until',
    'line 5, reason',
    'line 6, phone',
    'line 7',
    'line 8, phone',
    'line 9, reason',
    'line 9, until',
  ]);
  expect(faults[3]!.what).toBe('is the number of line 2 again');
  expect(faults[4]!.what).toBe('has 2 cells, and the first row has 3');
  expect(await rows()).toEqual([]);
});

it.each([
  ['an empty body', '', 'line 1'],
  ['no column for the numbers', 'reason,source\na,b\n', 'line 1'],
  ['an unknown column', 'phone,colour\n95588,red\n', 'line 1'],
  ['a column twice', 'phone,phone\n95588,95599\n', 'line 1'],
  ['rows without a head', '95588\n95599\n', 'line 1'],
  ['semicolons', 'phone;reason\n95588;a\n', 'line 1'],
  ['a quote that is not closed', 'phone,reason\n95588,a\n95599,"b\n', 'line 3'],
  ['a quote within a cell', 'phone,reason\n95588,a "b" c\n', 'line 2'],
])('refuses a file with %s', async (_, text, where) => {
  const { status, body } = await put(text);

  expect([status, (body.errors as { where: string }[]).map((fault) => fault.where)]).toEqual([400, [where]]);
  expect(await rows()).toEqual([]);
});

it.each([
  ['commas', ','],
  ['quotes', '"'],
  ['line ends', '\n'],
  ['empty rows', ',\n'],
  ['quotes that are doubled', 'a""'],
])('refuses a file of 8 MB with nothing but %s, without reading all of it', async (_, text) => {
  const body = Buffer.alloc(8 * 1024 * 1024, text);

  expect((await put(body)).status).toBeGreaterThanOrEqual(400);
  expect((await put(Buffer.concat([Buffer.from('phone\n"'), body.subarray(8)]))).status).toBeGreaterThanOrEqual(400);
  expect(await rows()).toEqual([]);
});

it('reads a file that is said to be GBK as such, though its bytes may be UTF-8', async () => {
  await put(Buffer.from('phone,reason\n95588,\xc4\xa3\xc4\xa3\n', 'latin1'), 'text/csv; charset=gbk');

  expect(await rows()).toMatchObject([{ phone: '95588', reason: '模模' }]);
});

it('refuses what is not CSV, in another encoding, or too large, before anything else', async () => {
  const file = `${HEAD}\n95588,,,,\n`;
  expect(await put(file, 'application/json')).toMatchObject({ status: 415 });
  expect(await put(file, 'text/csv; charset=big5')).toMatchObject({ status: 415 });
  expect(await put(file, 'text/csv', { 'content-encoding': 'gzip' })).toMatchObject({ status: 415 });
  expect(await put(Buffer.from([...Buffer.from('phone,reason\n95588,'), 0xff]))).toMatchObject({
    status: 400,
    body: { detail: 'The file is neither UTF-8 nor GB18030.' },
  });
  expect(await put(Buffer.alloc(8 * 1024 * 1024 + 1, 'x'))).toMatchObject({ status: 413 });
  expect(await put(`phone\n${'95588\n'.repeat(50_001)}`)).toMatchObject({ status: 400 });
  const numbers = Array.from({ length: 50_001 }, (_, index) => `+8613${String(900_000_000 + index)}`);
  expect(await put(`phone\n${numbers.join('\n')}`)).toMatchObject({
    status: 413,
    body: { detail: 'An import has 50000 rows at most; send it in parts.' },
  });
  expect((await fetch(`${service.url}/v1/admin/suppressions.csv`, { method: 'PUT', body: file })).status).toBe(401);
});

const numbers = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `+8613${String(900_000_000 + index)}`);

it('imports as many rows as it takes, and a repeated import writes none of them', async () => {
  const file = Buffer.from(
    `phone,reason,source\n${numbers(50_000)
      .map((phone) => `${phone},${'不'.repeat(40)},"a ""b"""`)
      .join('\n')}`,
  );

  expect(await put(file)).toEqual({ status: 200, body: { created: 50_000, changed: 0, unchanged: 0 } });
  const [before] = await service.database.query('select max(xmin::text::bigint) as last from suppression');
  expect(await put(file)).toEqual({ status: 200, body: { created: 0, changed: 0, unchanged: 50_000 } });

  expect(await service.database.query('select max(xmin::text::bigint) as last from suppression')).toEqual([before]);
});

it('lets other imports and single additions of the same numbers take their turn', async () => {
  const all = numbers(3_000);
  const reversed = [...all].reverse();
  const file = (phones: string[], reason: string) =>
    `phone,reason\n${phones.map((phone) => `${phone},${reason}`).join('\n')}`;

  const answers = await Promise.all([
    put(file(all, 'a')),
    put(file(reversed, 'b')),
    service.admin('PUT', 'suppressions', { suppressions: all.slice(0, 500).map((phone) => ({ phone })) }),
    put(file(reversed, 'c')),
  ]);

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(await rows()).toHaveLength(3_000);
});

it('exports a long list in parts, whole and in order', async () => {
  await service.database.query(
    `insert into suppression (phone, reason) select '+86139' || lpad(n::text, 8, '0'), 'r' || n from generate_series(1, 10000) n`,
  );
  const cells = parse(await exported(), { bom: true });

  expect(cells).toHaveLength(10_001);
  expect(cells[1]!.slice(0, 2)).toEqual(["'+8613900000001", 'r1']);
  expect(cells.slice(1).map(([, reason]) => reason)).toEqual(
    Array.from({ length: 10_000 }, (_, index) => `r${index + 1}`),
  );
});

it('breaks an export off if the database fails, so that the client does not take a part for the whole', async () => {
  await service.database.query(
    `insert into suppression (phone) select '+86139' || lpad(n::text, 8, '0') from generate_series(1, 3000) n`,
  );
  const query = service.database.query.bind(service.database);
  let reads = 0;
  const failing = jest.spyOn(service.database, 'query').mockImplementation(((text: string, values?: unknown[]) => {
    if (!text.includes('from suppression') || ++reads < 3) return query(text, values);
    return Promise.reject(Object.assign(new Error('gone'), { code: '57P01' }));
  }) as never);

  const response = await service.admin('GET', 'suppressions.csv');
  await expect(response.text()).rejects.toThrow();
  failing.mockRestore();

  expect(response.status).toBe(200);
  expect(log.text()).toContain('an export of the suppression list was broken off');
});

it('is effective at once', async () => {
  const phone = newPhone();
  await put(`phone\n${phone}\n`);
  const dryRun = await service.admin('GET', `dry-run?callerId=1001&phone=${encodeURIComponent(phone)}`);

  expect(await dryRun.json()).toMatchObject({ why: 'The callee’s number is on the suppression list.' });
});
