/** What the service finds wrong in a file, on the desk in Chinese. */
import { decodeCsv } from '../../src/common/csv.js';
import { AppError, type Fault } from '../../src/common/error-table.js';
import { readPrices } from '../../src/call/spending/price-csv.js';
import { readSuppressions } from '../../src/directory/suppression-csv.js';
import { faultsByLine, readUserCsv } from '../../src/directory/user-csv.js';
import { readUserRows } from '../../src/directory/user-rows.js';
import { FAULTS } from '../../web/src/text/fault-words.js';
import { chineseOf } from '../../web/src/text/service-words.js';
import { expectChinese } from './said-in-chinese.js';

const LONG = 'x'.repeat(300);

const readUsers = async (text: string): Promise<void> => {
  const { users, lines, faults } = await readUserCsv(text);
  if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
  try {
    await readUserRows({ users }, { region: 'CN', providers: [] });
  } catch (error) {
    const { detail = '', faults: wrong } = error as AppError;
    throw new AppError('BAD_REQUEST', { detail, faults: faultsByLine(wrong, lines) });
  }
};

const USERS = 'id,name,phone,externalId';
const FILES: readonly (readonly [(text: string) => unknown, string])[] = [
  [(text) => decodeCsv(Buffer.from(text, 'latin1'), false), '\xff'],
  [readUsers, ''],
  [readUsers, 'id;name;phone\n'],
  [readUsers, 'id,工号,name,phone\n'],
  [readUsers, `id,name,phone\n${'\n'.repeat(10_001)}`],
  [readUsers, `${USERS}\n1,${'x'.repeat(2_048)},,\n2,"a,,\n3,Wu\n`],
  [readUsers, `${USERS}\n0,,110,12\n1,${LONG},,key:1\n2,${'x'.repeat(150)},,a\n2,\u0007,,a\n`],
  [(text) => readSuppressions(text, 'CN'), 'telephone,reason\n'],
  [(text) => readSuppressions(text, 'CN'), `phone,reason,until\n110,,\n95588,,\n95588,${' '.repeat(3)},tomorrow\n`],
  [readPrices, 'provider\n'],
  [
    readPrices,
    'provider,prefix,pricePerMinute,currency,billingStep,connectionFee\nA,x,-,yuan,0,-\na,+1,1,CNY,1,1\na,+1,1,USD,1,1\n',
  ],
];

/** What only the database knows. Tests of the imports have these. */
const FOUND_IN_DATABASE = [
  'There are budgets in CNY. Delete them first: an amount has no currency of its own.',
  'Nothing has been changed: another user has an externalId of this list.',
  'belongs to user 700001',
];

const foundIn = async (read: (text: string) => unknown, text: string): Promise<string[]> => {
  try {
    await read(text);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return [error.detail ?? '', ...error.faults.map(({ what }: Fault) => what)].filter((said) => said !== '');
  }
};

it('says every fault of a file in Chinese, and has no words that the service does not use', async () => {
  const found = await Promise.all(FILES.map(([read, text]) => foundIn(read, text)));
  const said = [...new Set([...found.flat(), ...FOUND_IN_DATABASE])];

  expectChinese(said, FAULTS);
});

it('keeps what a file has of its own as it is', () => {
  expect(
    chineseOf(
      'must have the names of the columns, separated by commas: id, name, phone; it may have externalId; unknown here: "部门", "free"',
    ),
  ).toBe(
    '首行必须是列名，用逗号分隔：id（编号）、name（姓名）、phone（手机号）；可另有 externalId（外部编号）；无法识别："部门", "free"',
  );
  expect(chineseOf('"工号" and "id" are both the column id: leave one of them out')).toBe(
    '"工号" 和 "id" 都是 id 列，请去掉其中一列',
  );
});
