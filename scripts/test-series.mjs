/**
 * `node scripts/test-series.mjs [--runs 20] [--busy 10] [--nodes 20,24]`: runs the whole `npm test` many times and
 * prints a table. During the last `--busy` runs, two busy loops run beside the tests, and the cases of each file have a
 * random order. The Node versions alternate; npm installs them into a temporary folder. Exit status 1 if a run failed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const BUSY_LOOPS = 2;
/** Ends by itself if this process is killed. */
const BUSY_LOOP = 'const end = Date.now() + 3_600_000; while (Date.now() < end);';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20' },
    busy: { type: 'string', default: '10' },
    nodes: { type: 'string', default: '20,24' },
  },
});
const runs = Number(values.runs);
const busyRuns = Number(values.busy);
const nodes = values.nodes.split(',');
const isCount = (count) => Number.isInteger(count) && count >= 0;
if (!isCount(runs) || !isCount(busyRuns) || busyRuns > runs || !nodes.every((node) => /^\d+$/.test(node))) {
  console.error('--runs and --busy are whole numbers, --busy at most --runs; --nodes are major versions, as in 20,24.');
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'ringback-test-series-'));
// Some tests run Node as an ordinary user, who must be able to reach it.
chmodSync(folder, 0o755);

/** @returns the folder of a Node of this major version */
const nodeFolder = (major) => {
  const prefix = join(folder, `node-${major}`);
  const name = `node-${process.platform}-${process.arch}`;
  const { status } = spawnSync('npm', ['install', '--silent', '--no-save', '--prefix', prefix, `${name}@${major}`], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error(`npm could not install ${name}@${major}`);
  return join(prefix, 'node_modules', name, 'bin');
};

const summaryOf = (log) => {
  const text = readFileSync(log, 'utf8');
  const failed = [...new Set(text.match(/^FAIL .*$/gm))].map((line) => line.replace(/^FAIL /, ''));
  return { tests: /^Tests: +(.*)$/m.exec(text)?.[1] ?? 'no summary', failed };
};

const runTests = async (number, { major, bin, isBusy }) => {
  const log = join(folder, `run-${number}.log`);
  const loops = Array.from({ length: isBusy ? BUSY_LOOPS : 0 }, () => spawn(process.execPath, ['-e', BUSY_LOOP]));
  const startedAt = performance.now();
  try {
    const child = spawn('npm', ['test', ...(isBusy ? ['--', '--randomize'] : [])], {
      cwd: root,
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = createWriteStream(log);
    child.stdout.pipe(output, { end: false });
    child.stderr.pipe(output, { end: false });
    const [code] = await once(child, 'close');
    output.end();
    await once(output, 'finish');
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    return { run: number, node: major, busy: isBusy, seconds, green: code === 0, ...summaryOf(log) };
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
  }
};

const bins = Object.fromEntries(nodes.map((major) => [major, nodeFolder(major)]));
const results = [];
console.log('| run | Node | busy loops, random order | seconds | outcome |\n| --- | --- | --- | --- | --- |');
for (let number = 1; number <= runs; number++) {
  const major = nodes[(number - 1) % nodes.length];
  const result = await runTests(number, { major, bin: bins[major], isBusy: number > runs - busyRuns });
  results.push(result);
  const outcome = result.green ? result.tests : `RED: ${result.tests}: ${result.failed.join(', ')}`;
  console.log(`| ${number} | ${major} | ${result.busy ? 'yes' : 'no'} | ${result.seconds} | ${outcome} |`);
}
const red = results.filter(({ green }) => !green);
console.log(`\n${runs - red.length} of ${runs} green.`);
if (red.length === 0) rmSync(folder, { recursive: true });
else {
  console.log(`The logs of all runs are in ${folder}.`);
  process.exitCode = 1;
}
