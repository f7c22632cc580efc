/** Users as a CSV file, with the usual names of columns. */
import type { Fault } from '../common/error-table.js';
import { tryCsv } from '../common/csv.js';
import { MAX_USERS_AT_ONCE } from './user-rows.js';

type Column = 'id' | 'name' | 'phone' | 'externalId';

/** As directories, HR programs and spreadsheets name the columns. docs/api.md has the same table. */
export const USER_COLUMN_NAMES: Readonly<Record<Column, readonly string[]>> = {
  id: [
    'id',
    'user id',
    'user no',
    'user number',
    'uid',
    'employee id',
    'employee no',
    'employee number',
    'employee code',
    'staff id',
    'staff no',
    'staff number',
    'personnel no',
    'personnel number',
    '编号',
    '用户 id',
    '用户编号',
    '员工 id',
    '员工编号',
    '员工工号',
    '员工代码',
    '员工号',
    '职工号',
    '职工编号',
    '职工工号',
    '人员编号',
    '人员工号',
    '工号',
  ],
  name: [
    'name',
    'full name',
    'display name',
    'user name',
    'employee name',
    'staff name',
    '姓名',
    '名字',
    '名称',
    '用户名',
    '用户姓名',
    '员工姓名',
    '职工姓名',
    '人员姓名',
    '真实姓名',
  ],
  phone: [
    'phone',
    'phone no',
    'phone number',
    'mobile',
    'mobile no',
    'mobile number',
    'mobile phone',
    'mobile phone number',
    'mobile phone no',
    'cell',
    'cell no',
    'cell number',
    'cell phone',
    'cell phone number',
    'tel',
    'tel no',
    'telephone',
    'telephone number',
    '手机',
    '手机号',
    '手机号码',
    '手机电话',
    '移动电话',
    '移动电话号码',
    '移动号码',
    '电话',
    '电话号',
    '电话号码',
    '联系电话',
    '联系电话号码',
    '联系手机',
    '联系手机号',
    '员工手机',
    '员工手机号',
    '本人手机',
    '联系方式',
  ],
  externalId: ['external id', 'external user id', '外部 id', '外部编号', '外部用户 id', '外部用户编号'],
};

/**
 * Full-width letters are the same. Case, blanks, underscores, hyphens and full stops make no difference, nor do the marks with
 * which a template says that a column is required.
 */
const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[\s_.*-]/g, '')
    .replace(/\((?:必填|选填|required|optional)\)$/, '');

const COLUMN_OF: ReadonlyMap<string, Column> = new Map(
  Object.entries(USER_COLUMN_NAMES).flatMap(([column, names]) => names.map((name) => [plain(name), column as Column])),
);

export interface UserFile {
  /** For user-rows.ts, which checks them. */
  readonly users: readonly object[];
  /** The line of each. */
  readonly lines: readonly number[];
  /** Of the lines that are no rows of the table. Faults of the users are for user-rows.ts. */
  readonly faults: readonly Fault[];
  /** The names of the columns that are not imported, as the file has them. */
  readonly ignoredColumns: readonly string[];
}

/** @throws AppError if the file has too many rows */
export const readUserCsv = async (text: string): Promise<UserFile> => {
  const lines: number[] = [];
  const { rows, ...found } = await tryCsv(text, {
    required: ['id', 'name', 'phone'],
    others: ['externalId'],
    maxRows: MAX_USERS_AT_ONCE,
    // A list of employees has many.
    unknownColumns: 'ignore',
    columnOf: (name) => COLUMN_OF.get(plain(name)) ?? name,
    read: (cell, line) => {
      lines.push(line);
      const externalId = cell('externalId');
      // An absent one leaves the stored one as it is.
      return {
        id: cell('id'),
        name: cell('name') ?? '',
        phone: cell('phone'),
        ...(externalId !== null && { externalId }),
      };
    },
  });
  return { ...found, users: rows, lines };
};

/** The faults of rows by their lines and columns. */
export const faultsByLine = (faults: readonly Fault[], lines: readonly number[]): Fault[] => {
  const lineOf = (text: string): string =>
    text.replaceAll(/\/users\/(\d+)(?:\/(\w+))?/g, (_, index: string, column?: string) =>
      [`line ${lines[Number(index)] ?? '?'}`, ...(column === undefined ? [] : [column])].join(', '),
    );
  return faults.map(({ where, what }) => ({ where: lineOf(where), what: lineOf(what) }));
};
