/**
 * `node scripts/run.mjs [module] [arguments]`: installs missing dependencies, builds if the sources have changed, then
 * runs the compiled module in this process, so that signals reach it. Without a module it only prepares. Needs only
 * Node and npm.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const OLDEST_NODE = [20, 19];
const BUILT_FROM = ['src', 'migrations', 'package-lock.json', 'nest-cli.json', '.swcrc', 'tsconfig.json'];
/** The desk. Types are not read by its build. */
const DESK_BUILT_FROM = ['web', 'package-lock.json'];
const NOT_READ = ['web/src/api/schema.ts'];

const root = fileURLToPath(new URL('..', import.meta.url));
const say = (text) => process.stderr.write(`${text}\n`);
const giveUp = (text) => {
  say(text);
  process.exit(1);
};

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  giveUp(`Ringback needs Node ${OLDEST_NODE.join('.')} or later; this is ${process.versions.node}.`);
}

const filesUnder = (path) =>
  statSync(path).isDirectory()
    ? readdirSync(path)
        .sort()
        .flatMap((name) => filesUnder(join(path, name)))
    : [path];

const hashOf = (paths) => {
  const hash = createHash('sha256');
  for (const file of paths.flatMap((path) => filesUnder(join(root, path)))) {
    if (NOT_READ.includes(relative(root, file).replaceAll('\\', '/'))) continue;
    hash.update(`${relative(root, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
};

const isStamped = (stamp, hash) => existsSync(stamp) && readFileSync(stamp, 'utf8') === hash;

const runOrGiveUp = (what, command, options) => {
  const { status, error } = spawnSync(command, options, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error) giveUp(`${what} failed: ${error.message}`);
  if (status !== 0) giveUp(`${what} failed.`);
};

/** For programs that run beside each other. */
const running = (what, file, options) =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...options], { cwd: root, stdio: ['ignore', 2, 2] });
    child.once('error', ({ message }) => giveUp(`${what} failed: ${message}`));
    child.once('exit', (status) => (status === 0 ? resolve() : giveUp(`${what} failed.`)));
  });

const pause = (milliseconds) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const contentOf = (file) => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
};

const isRunning = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** False if another process was faster. A hard link appears complete or not at all. */
const linkIfFree = (from, to) => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
};

/**
 * Processes that start together on a fresh clone take turns. The lock names its holder, so that a dead holder's lock
 * can be removed.
 */
const taking = async (work) => {
  mkdirSync(join(root, '.preparing'), { recursive: true });
  const lock = join(root, '.preparing', 'lock');
  const mine = `${lock}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  let awaited;
  try {
    while (!linkIfFree(mine, lock)) {
      const holder = contentOf(lock);
      if (holder !== null && !isRunning(Number(holder))) evict(lock, holder);
      else if (holder !== null && holder !== awaited) {
        say(`Waiting for process ${holder}, which is installing or building; else remove ${lock} …`);
        awaited = holder;
      } else pause(100);
    }
  } finally {
    rmSync(mine, { force: true });
  }
  // On `exit` and not in `finally`, because `giveUp` ends the process immediately.
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  await work();
  process.removeListener('exit', release);
  release();
};

/** Renames before it removes: of two evicting processes, the slower one must not remove the lock of the faster one. */
const evict = (lock, deadHolder) => {
  const evicted = `${lock}.evicted.${process.pid}`;
  try {
    renameSync(lock, evicted);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (contentOf(evicted) !== deadHolder) linkIfFree(evicted, lock);
  rmSync(evicted, { force: true });
};

/**
 * Both beside each other. Nest empties dist, so the desk is built elsewhere, and is put aside where it need not be built.
 */
const build = async ({ service, desk }) => {
  const built = join(root, 'dist', 'desk');
  const aside = join(root, '.preparing', 'desk');
  rmSync(aside, { recursive: true, force: true });
  if (!desk && existsSync(built)) renameSync(built, aside);
  const package_ = (...path) => join(root, 'node_modules', ...path);
  await Promise.all([
    service && running('The build', package_('@nestjs', 'cli', 'bin', 'nest.js'), ['build']),
    desk &&
      running('The build of the desk', package_('vite', 'bin', 'vite.js'), [
        'build',
        'web',
        '--outDir',
        aside,
        '--logLevel',
        'warn',
      ]),
  ]);
  if (!existsSync(aside)) return;
  rmSync(built, { recursive: true, force: true });
  renameSync(aside, built);
};

const prepare = async () => {
  const installed = join(root, 'node_modules', '.ringback-lock-hash');
  const lockHash = hashOf(['package-lock.json', '.npmrc']);
  const built = join(root, 'dist', '.ringback-source-hash');
  const sourceHash = hashOf(BUILT_FROM.filter((path) => existsSync(join(root, path))));
  const deskBuilt = join(root, 'dist', 'desk', '.ringback-source-hash');
  const deskHash = existsSync(join(root, 'web')) ? hashOf(DESK_BUILT_FROM) : null;
  const isDeskBuilt = () => deskHash === null || isStamped(deskBuilt, deskHash);
  if (isStamped(installed, lockHash) && isStamped(built, sourceHash) && isDeskBuilt()) return;
  await taking(async () => {
    if (!isStamped(installed, lockHash)) {
      say('Installing dependencies …');
      runOrGiveUp('npm ci', process.platform === 'win32' ? 'npm.cmd' : 'npm', [
        'ci',
        '--include=dev',
        '--loglevel=error',
      ]);
      writeFileSync(installed, lockHash);
    }
    const missing = { service: !isStamped(built, sourceHash), desk: !isDeskBuilt() };
    if (!missing.service && !missing.desk) return;
    say('Building …');
    await build(missing);
    if (missing.service) writeFileSync(built, sourceHash);
    if (missing.desk) writeFileSync(deskBuilt, deskHash);
  });
};

await prepare();
const [module, ...options] = process.argv.slice(2);
if (module) {
  const file = join(root, 'dist', 'src', `${module}.js`);
  process.argv = [process.execPath, file, ...options];
  await import(pathToFileURL(file).href);
}
