/** DATABASE_URL. No message repeats any of it: it holds a password. */
import { readFileSync } from 'node:fs';

const SCHEME = /^postgres(?:ql)?:\/\//i;
const SHAPE = /^postgres(?:ql)?:\/\/(?:([^:/?#]*)(?::([^/?#]*))?@)?([^@/?#]*)(?:\/([^@?#]*))?(?:\?([^#]*))?$/i;
const HOST = /^(?:\[[^\]]*\]|[^:[\]]*)(?::(\d+))?$/;

/** Of the query. Another one would be ignored, and `ssl_mode=verify-full` would mean plain text. */
const PARAMETERS = [
  'application_name',
  'client_encoding',
  'connect_timeout',
  'fallback_application_name',
  'host',
  'options',
  'port',
  'ssl',
  'sslcert',
  'sslkey',
  'sslmode',
  'sslnegotiation',
  'sslrootcert',
  'uselibpqcompat',
];
const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

const FILES = ['sslrootcert', 'sslcert', 'sslkey'];

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
  if (!ports.every(isPort)) throw new Error('expected hosts as name, name:port or [IPv6]:port, comma between two');
  for (const name of FILES) {
    const path = parameters.get(name);
    if (path !== null) checkReadable(name, path);
  }
  return value;
};

/**
 * The same URL for each of its hosts, in their order, for pg knows one host a URL. As libpq has it: several are in the host's
 * place or in `?host=`, comma between two; with `?port=`, each has its own or all have the one.
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

/** @returns undefined where it is no host, empty where it has no port of its own */
const portOf = (host: string): string | undefined => {
  const [whole, port = ''] = HOST.exec(host) ?? [];
  return whole === undefined ? undefined : port;
};

const isPort = (text: string | undefined): boolean =>
  text === '' || (text !== undefined && /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536);

const isEncoded = (text: string | undefined): boolean => {
  try {
    decodeURIComponent(text ?? '');
    return true;
  } catch {
    return false;
  }
};

/** The name of a parameter is shown: a password with a raw ? in it does not come as far as here. */
const checkParameters = (parameters: URLSearchParams): void => {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) {
      throw new Error(`expected no parameter ${name.slice(0, 40)} in its query; known are ${PARAMETERS.join(', ')}`);
    }
    if (parameters.getAll(name).length > 1) throw new Error(`expected the parameter ${name} once`);
  }
  const mode = parameters.get('sslmode');
  if (mode !== null && !SSL_MODES.includes(mode))
    throw new Error(`expected sslmode to be one of ${SSL_MODES.join(', ')}`);
};

const checkReadable = (name: string, path: string): void => {
  let content: string;
  try {
    content = readFileSync(path, 'latin1');
  } catch (error) {
    throw new Error(`the file of ${name} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
  }
  if (name === 'sslrootcert' && !content.includes('CERTIFICATE-----')) {
    throw new Error('the file of sslrootcert holds no certificate (-----BEGIN CERTIFICATE-----)');
  }
};
