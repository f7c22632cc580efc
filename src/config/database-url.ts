/** DATABASE_URL. No message repeats any of it: it holds a password. */
import { readFileSync } from 'node:fs';

const SCHEME = /^postgres(?:ql)?:\/\//i;
const SHAPE = /^postgres(?:ql)?:\/\/(?:([^:/?#]*)(?::([^/?#]*))?@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^#]*))?$/i;

const FILES = ['sslrootcert', 'sslcert', 'sslkey'];

/** @throws Error that says what was expected */
export const databaseUrl = (padded: string): string => {
  const value = padded.trim();
  if (!SCHEME.test(value)) throw new Error('expected a URL that begins with postgresql:// or postgres://');
  const [whole, user, password, hosts = '', database, query = ''] = SHAPE.exec(value) ?? [];
  const isMisread = user === undefined && query.includes('@');
  if (whole === undefined || isMisread || /\s/.test(value) || ![user, password, database].every(isEncoded)) {
    throw new Error(
      'expected %, /, ?, #, @ and blanks in the user and the password to be written as %25, %2F, %3F, %23, %40 and %20',
    );
  }
  const parameters = new URLSearchParams(query);
  if (hosts.includes(',') || parameters.get('host')?.includes(',')) throw new Error('expected one host');
  for (const name of FILES) {
    const path = parameters.get(name);
    if (path !== null) checkReadable(name, path);
  }
  return value;
};

const isEncoded = (text: string | undefined): boolean => {
  try {
    decodeURIComponent(text ?? '');
    return true;
  } catch {
    return false;
  }
};

const checkReadable = (name: string, path: string): void => {
  try {
    readFileSync(path);
  } catch (error) {
    throw new Error(`the file of ${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
};
