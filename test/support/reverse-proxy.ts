/**
 * A real nginx or Caddy in front of a service, with the configuration in deploy/. Only addresses, certificates and file
 * paths are replaced, and each replacement must match a line.
 */
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { freePort } from './free-port.js';
import { makeCertificate } from './certificates.js';
import { cacheFolder, unpackedIn, type Packages } from './debian-packages.js';
import { endProgram, isAlive, REPOSITORY, startProgram } from './node-process.js';
import { waitFor } from './wait-for.js';

export const SITE = 'calls.example.com';

export interface ReverseProxy {
  readonly port: number;
  /** The certificate of the authority that signed its certificate, which is also for 127.0.0.1. */
  readonly authority: string;
  /** The file of that certificate. */
  readonly authorityFile: string;
  /** Everything that it has written to files and to standard error. */
  log(): Promise<string>;
  close(): Promise<void>;
}

export type ProxyKind = 'nginx' | 'caddy';

const SUITES = 'bookworm trixie';

export const PROXY_PACKAGES: Readonly<Record<ProxyKind, Packages>> = {
  nginx: { folder: cacheFolder('nginx'), suites: SUITES, names: ['nginx'] },
  caddy: { folder: cacheFolder('caddy'), suites: SUITES, names: ['caddy'] },
};

interface Setting {
  readonly folder: string;
  readonly port: number;
  readonly upstreams: readonly string[];
}

/** @throws Error when the configuration does not contain the text to replace */
const replaced = (text: string, replacements: Readonly<Record<string, string>>): string =>
  Object.entries(replacements).reduce((result, [from, to]) => {
    if (!result.includes(from)) throw new Error(`the shipped configuration has no ${from}`);
    return result.replaceAll(from, to);
  }, text);

const nginxLine = async ({ folder, port, upstreams }: Setting): Promise<[string, ...string[]]> => {
  const shipped = await readFile(join(REPOSITORY, 'deploy/nginx/ringback.conf'), 'utf8');
  const site = replaced(shipped, {
    '  server 127.0.0.1:3000 ': upstreams.map((upstream) => `  server ${upstream} `).join('max_fails=0;\n'),
    'listen 443': `listen 127.0.0.1:${port}`,
    '/etc/ssl/calls.example.com': join(folder, 'site'),
    '/var/log/nginx': folder,
  });
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (use) => `${use}_temp_path ${folder}/${use};`,
  );
  await writeFile(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {} http { ${places.join(' ')}\n${site}}\n`,
  );
  const [command, options] = unpackedIn(PROXY_PACKAGES.nginx.folder, 'usr/sbin/nginx');
  return [command, ...options, '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
};

const caddyLine = async ({ folder, port, upstreams }: Setting): Promise<[string, ...string[]]> => {
  const shipped = await readFile(join(REPOSITORY, 'deploy/caddy/Caddyfile'), 'utf8');
  const site = replaced(shipped, {
    '127.0.0.1:3000': upstreams.join(' '),
    'calls.example.com {': `${SITE}:${port} {\n\ttls ${folder}/site.pem ${folder}/site.key`,
    '/var/log/caddy': folder,
    '{\n\tlog {\n\t\t#': '{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {\n\t\t#',
  });
  await writeFile(join(folder, 'Caddyfile'), site);
  const [command, options] = unpackedIn(PROXY_PACKAGES.caddy.folder, 'usr/bin/caddy');
  return [command, ...options, 'run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
};

const LINES = { nginx: nginxLine, caddy: caddyLine };

/** @param upstreams host and port of each replica */
export const startReverseProxy = async (kind: ProxyKind, ...upstreams: readonly string[]): Promise<ReverseProxy> => {
  const folder = await mkdtemp(join(tmpdir(), `ringback-${kind}-`));
  await makeCertificate(folder, { name: 'site', subject: `DNS:${SITE},IP:127.0.0.1` });
  await mkdir(join(folder, 'home'));
  const port = await freePort();
  const child = startProgram(await LINES[kind]({ folder, port, upstreams }), {
    environment: { HOME: join(folder, 'home'), XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
  });
  let complaint = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const files = ['ringback.log', 'ringback-error.log'].map((name) => join(folder, name));
  const proxy: ReverseProxy = {
    port,
    authority: await readFile(join(folder, 'ca.pem'), 'utf8'),
    authorityFile: join(folder, 'ca.pem'),
    async log() {
      const written = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
      return [...written, complaint].join('\n');
    },
    async close() {
      await endProgram(child);
      await rm(folder, { recursive: true });
    },
  };
  try {
    await waitFor(`${kind} to listen`, () => {
      if (!isAlive(child)) throw new Error(complaint);
      return isListening(port);
    });
    return proxy;
  } catch (error) {
    await proxy.close();
    throw error;
  }
};

const isListening = async (port: number): Promise<boolean> => {
  const socket = connect({ port, host: '127.0.0.1', servername: SITE, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
