/** A copy of the repository for a command that writes into it: other tests read the same files meanwhile. */
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REPOSITORY } from '../support/node-process.js';

const MODULES = join(REPOSITORY, 'node_modules');

const COPIED = ['package.json', 'client', 'dist', 'docs/openapi.json', 'examples', 'scripts'];
/** Only read: for the hash of what is built, and by programs that run. */
const LINKED = [
  ...['node_modules', 'src', 'migrations', 'web'],
  ...['package-lock.json', 'tsconfig.json', 'nest-cli.json', '.npmrc', '.swcrc'],
];

export interface RepositoryCopy {
  readonly folder: string;
  remove(): Promise<void>;
}

export const copyRepository = async (): Promise<RepositoryCopy> => {
  const folder = await mkdtemp(join(tmpdir(), 'ringback copy '));
  // The embedded PostgreSQL may run as another user.
  await chmod(folder, 0o755);
  const filter = (path: string): boolean => !/(?:client\/dist|node_modules)$/.test(path);
  for (const name of COPIED) await cp(join(REPOSITORY, name), join(folder, name), { recursive: true, filter });
  for (const name of LINKED) await symlink(join(REPOSITORY, name), join(folder, name));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
};

/** Installs packages of ours there, and what they need, so that npm finds nothing to download. */
export const preinstall = async (folder: string, names: readonly string[]): Promise<void> => {
  const installed = new Set<string>();
  /** @param place below node_modules: `express`, or `express/node_modules/cookie` for a version of its own */
  const install = async (place: string): Promise<void> => {
    if (installed.has(place)) return;
    installed.add(place);
    // Those of their own come with the package.
    if (!place.includes(NESTED)) {
      await cp(join(MODULES, place), join(folder, 'node_modules', place), { recursive: true });
    }
    const { dependencies = {} } = JSON.parse(await readFile(join(MODULES, place, 'package.json'), 'utf8')) as {
      readonly dependencies?: Readonly<Record<string, string>>;
    };
    for (const needed of Object.keys(dependencies)) await install(placeOf(needed, place));
  };
  for (const name of names) await install(name);
};

const NESTED = '/node_modules/';

/** As Node finds a package that another one needs. */
const placeOf = (name: string, from: string): string => {
  const place = from === '' ? name : `${from}${NESTED}${name}`;
  if (from === '' || existsSync(join(MODULES, place))) return place;
  return placeOf(name, from.includes(NESTED) ? from.slice(0, from.lastIndexOf(NESTED)) : '');
};
