/** The client as a user has it: packed from a copy of client/, and installed from its file into an empty folder. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../support/node-process.js';

const run = promisify(execFile);
const MODULES = join(REPOSITORY, 'node_modules');
/** What npm would download. */
const DEPENDENCIES = ['openapi-fetch', 'openapi-typescript-helpers'];

export interface InstalledClient {
  /** Its node_modules has the client, and nothing else but what the client needs. */
  readonly folder: string;
  /** Adds a file. */
  write(name: string, text: string): Promise<void>;
  /** Compiles the TypeScript files in the folder. @throws Error with the compiler's complaints */
  compile(): Promise<void>;
  remove(): Promise<void>;
}

/** The examples of client/README.md by the names of their files. */
export const readmeExamples = async (): Promise<ReadonlyMap<string, string>> => {
  const text = await readFile(join(REPOSITORY, 'client/README.md'), 'utf8');
  return new Map([...text.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].map(([, name = '', code = '']) => [name, code]));
};

const outputOf = async (command: string, options: readonly string[], cwd: string): Promise<string> => {
  try {
    return (await run(command, options, { cwd })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${command} ${options.join(' ')}\n${stdout}${stderr}`, { cause: error });
  }
};

export const installClient = async (): Promise<InstalledClient> => {
  const work = await mkdtemp(join(tmpdir(), 'ringback-client-'));
  const [source, files, folder] = ['client', 'files', 'app'].map((name) => join(work, name)) as [
    string,
    string,
    string,
  ];
  await Promise.all([mkdir(files), mkdir(folder), symlink(MODULES, join(work, 'node_modules'))]);
  await cp(join(REPOSITORY, 'client'), source, { recursive: true, filter: (path) => !path.endsWith('dist') });
  await cp(join(REPOSITORY, 'docs/openapi.json'), join(work, 'docs/openapi.json'));
  await outputOf('npm', ['pack', '--silent', '--pack-destination', files], source);
  for (const name of DEPENDENCIES) {
    await outputOf('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', files], join(MODULES, name));
  }
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  const packed = (await readdir(files)).map((name) => join(files, name));
  await outputOf('npm', ['install', '--silent', '--offline', '--no-audit', '--no-fund', ...packed], folder);
  await mkdir(join(folder, 'node_modules/@types'));
  await symlink(join(MODULES, '@types/node'), join(folder, 'node_modules/@types/node'));
  return {
    folder,
    write: (name, text) => writeFile(join(folder, name), text),
    async compile() {
      const options = '--strict --noUncheckedIndexedAccess --target es2022 --module nodenext --types node --outDir .';
      const programs = (await readdir(folder)).filter((name) => name.endsWith('.ts'));
      await outputOf(
        process.execPath,
        [join(MODULES, 'typescript/bin/tsc'), ...options.split(' '), ...programs],
        folder,
      );
    },
    remove: () => rm(work, { recursive: true }),
  };
};
