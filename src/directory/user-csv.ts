/** Users as a CSV file, with the usual names of columns. */
import type { Fault } from '../common/error-table.js';
import { readCsv } from '../common/csv.js';
import { MAX_USERS_AT_ONCE } from './user-rows.js';

type Column = 'id' | 'name' | 'phone' | 'externalId';

/** Without blanks, underscores and hyphens, in lower case. */
const NAMES: Readonly<Record<Column, readonly string[]>> = {
  id: ['id', 'userid', 'uid', '用户id', '用户编号', '编号', '工号'],
  name: ['name', 'fullname', 'username', '姓名', '名字', '名称', '用户名', '用户姓名'],
  phone: [
    'phone',
    'phonenumber',
    'mobile',
    'mobilenumber',
    'mobilephone',
    'cell',
    'tel',
    'telephone',
    '手机',
    '手机号',
    '手机号码',
    '电话',
    '电话号码',
    '联系电话',
    '联系方式',
  ],
  externalId: ['externalid', '外部id', '外部编号'],
};

const COLUMN_OF: ReadonlyMap<string, Column> = new Map(
  Object.entries(NAMES).flatMap(([column, names]) => names.map((name) => [name, column as Column])),
);

export interface UserFile {
  /** For user-rows.ts, which checks them. */
  readonly users: readonly object[];
  /** The line of each. */
  readonly lines: readonly number[];
}

/** @throws AppError for a file that is no table of users; faults of single rows are for user-rows.ts */
export const readUserCsv = async (text: string): Promise<UserFile> => {
  const lines: number[] = [];
  const users = await readCsv(text, {
    required: ['id', 'name', 'phone'],
    others: ['externalId'],
    maxRows: MAX_USERS_AT_ONCE,
    columnOf: (name) => COLUMN_OF.get(name.toLowerCase().replaceAll(/[\s_-]/g, '')) ?? name,
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
  return { users, lines };
};

/** The faults of rows by their lines and columns. */
export const faultsByLine = (faults: readonly Fault[], lines: readonly number[]): Fault[] => {
  const lineOf = (text: string): string =>
    text.replaceAll(/\/users\/(\d+)(?:\/(\w+))?/g, (_, index: string, column?: string) =>
      [`line ${lines[Number(index)] ?? '?'}`, ...(column === undefined ? [] : [column])].join(', '),
    );
  return faults.map(({ where, what }) => ({ where: lineOf(where), what: lineOf(what) }));
};
