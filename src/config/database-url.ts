/** Validates DATABASE_URL. No message repeats its content, because it contains a password. */
import { isEncoded } from './setting-values.js';
import { readSmallFile } from './small-file.js';

const SCHEME = /^postgres(?:ql)?:\/\//i;
const SHAPE = /^postgres(?:ql)?:\/\/(?:([^:/?#]*)(?::([^/?#]*))?@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(?:\[[^\]]*\]|[^:[\]]*)(?::(\d+))?$/;

/** The known query parameters. pg ignores others: `ssl_mode=verify-full` would result in plain text. */
const PARAMETERS = [
  'application_name',
  'client_encoding',
  'connect_timeout',
  'fallback_application_name',
  'host',
  'options',
  'password',
  'port',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'target_session_attrs',
  'uselibpqcompat',
  'user',
];

/** pg ignores or misinterprets other values: `ssl=` and `ssl=off` are not the same to it. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  ssl: ['true', '1', '0'],
  sslmode: ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'],
  sslnegotiation: ['postgres', 'direct'],
  // Our connections do this in any case.
  target_session_attrs: ['read-write'],
  uselibpqcompat: ['true', 'false'],
};

/** The content of each file, and its PEM label. */
const FILES = {
  sslrootcert: ['certificate', 'CERTIFICATE-----'],
  sslcert: ['certificate', 'CERTIFICATE-----'],
  sslkey: ['private key', 'PRIVATE KEY-----'],
} as const;

/** @throws Error that says what was expected */
export const databaseUrl = (padded: string): string => {
  const value = padded.trim();
  if (!SCHEME.test(value)) throw new Error('expected a URL that begins with postgresql:// or postgres://');
  const [whole, user, password, hosts = '', database, query = ''] = SHAPE.exec(value) ?? [];
  const isMisread = user === undefined && query.includes('@');
  if (whole === undefined || isMisread || /\s/.test(value) || ![user, password, database, hosts].every(isEncoded)) {
    throw new Error(
      'expected %, /, ?, #, @ and blanks in the user and the password to be written as %25, %2F, %3F, %23, %40 and %20',
    );
  }
  const parameters = new URLSearchParams(query);
  checkParameters(parameters);
  const ports = [...hosts.split(',').map(portOf), ...(parameters.get('port')?.split(',') ?? [])];
  const hasEmptyHost = [hosts, parameters.get('host') ?? ''].some(
    (list) => list !== '' && list.split(',').includes(''),
  );
  if (hasEmptyHost || !ports.every(isPort))
    throw new Error('expected hosts as name, name:port or [IPv6]:port, comma-separated');
  for (const [name, [content, begin]] of Object.entries(FILES)) {
    const path = parameters.get(name);
    if (path !== null) checkFile(name, path, { content, begin });
  }
  return value;
};

/**
 * Returns one URL per host, in order, because pg supports only one host per URL. As in libpq, several hosts are in the
 * host part or in `?host=`, separated by commas. With `?port=`, each host has its own port, or all share one.
 */
export const urlOfEachHost = (url: string): string[] => {
  const [, before = '', hosts = '', path = '', query] = /^([^/]*\/\/(?:[^/?#]*@)?)([^@/?#]*)([^?]*)(?:\?(.*))?$/s.exec(
    url,
  ) ?? [undefined, url];
  const parameters = new URLSearchParams(query);
  const named = parameters.get('host');
  const ports = parameters.get('port')?.split(',');
  return (named ?? hosts).split(',').map((host, index) => {
    const own = new URLSearchParams(parameters);
    if (named !== null) own.set('host', host);
    if (ports) own.set('port', ports[index] ?? ports[0] ?? '');
    return `${before}${named === null ? host : (hosts.split(',')[0] ?? '')}${path}${own.size > 0 ? `?${own.toString()}` : ''}`;
  });
};

/** @returns undefined if it is not a host, empty if it has no port of its own */
const portOf = (host: string): string | undefined => {
  const [whole, port = ''] = HOST.exec(host) ?? [];
  return whole === undefined ? undefined : port;
};

const isPort = (text: string | undefined): boolean =>
  text === '' || (text !== undefined && /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536);

/** The message shows the parameter's name. A password with a raw ? does not get this far. */
const checkParameters = (parameters: URLSearchParams): void => {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw new Error(`expected no parameter ${name.slice(0, 40)} in its query; known are ${PARAMETERS.join(', ')}`);
    }
    if (parameters.getAll(name).length > 1) throw new Error(`expected the parameter ${name} once`);
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = parameters.get(name);
    if (value !== null && !choices.includes(value))
      throw new Error(`expected ${name} to be one of ${choices.join(', ')}`);
  }
  checkEncryption(parameters);
};

/** pg silently follows one of two contradicting parameters. */
const checkEncryption = (parameters: URLSearchParams): void => {
  if (parameters.has('ssl') && parameters.has('sslmode')) throw new Error('expected ssl or sslmode, not both');
  const isOff = parameters.get('sslmode') === 'disable' || parameters.get('ssl') === '0';
  const unused = [...Object.keys(FILES), 'sslnegotiation'].find((name) => parameters.has(name));
  if (isOff && unused) throw new Error(`expected no ${unused} where TLS is off; sslmode=verify-full turns it on`);
};

const checkFile = (name: string, path: string, { content, begin }: { content: string; begin: string }): void => {
  if (name === 'sslrootcert' && path === 'system') {
    throw new Error('expected a file in sslrootcert; without it, the authorities that Node knows are trusted');
  }
  const text = textOfFile(name, path);
  if (!text.includes(begin)) throw new Error(`the file of ${name} holds no ${content} (-----BEGIN ${begin})`);
};

const textOfFile = (name: string, path: string): string => {
  try {
    return readSmallFile(path).toString('latin1');
  } catch (error) {
    throw new Error(`the file of ${name} ${(error as Error).message}`, { cause: error });
  }
};
