/** `npm run example`: builds the client, starts Ringback with the simulator on PORT or 3010, and the example app on the port after it. */
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const PORT = Number(process.env.PORT || 3010);
const RINGBACK_URL = `http://localhost:${PORT}`;
const OWN_URL = `http://localhost:${PORT + 1}`;
const JWT_SECRET = randomBytes(32).toString('base64');

const runOrGiveUp = (command, ...options) => {
  const { status } = spawnSync(command, options, { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) process.exit(status ?? 1);
};

runOrGiveUp(process.execPath, 'scripts/run.mjs');
runOrGiveUp('npm', 'run', '--silent', '--prefix', 'client', 'prepack');
runOrGiveUp('npm', 'install', '--silent', '--no-audit', '--no-fund', '--prefix', 'examples/call-me');

const children = [];
const start = (script, environment, options = []) => {
  const child = spawn(process.execPath, [script, ...options], {
    cwd: root,
    env: { ...process.env, JWT_SECRET, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  // One does not work without the other.
  child.on('exit', (code) => {
    process.exitCode ??= code ?? 1;
    stop();
  });
};
const stop = () => {
  for (const child of children) child.kill('SIGTERM');
};
const end = () => {
  // It was asked for, so it is no failure.
  process.exitCode ??= 0;
  stop();
};
process.on('SIGINT', end);
process.on('SIGTERM', end);

const isReady = async () => (await fetch(`${RINGBACK_URL}/health/ready`).catch(() => null))?.ok === true;

start(
  'scripts/run.mjs',
  {
    PORT: String(PORT),
    METRICS_PORT: 'off',
    LOG_LEVEL: 'warn',
    DATA_DIR: 'data/call-me',
    CORS_ORIGINS: OWN_URL,
    WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8,::1/128',
  },
  ['main'],
);
// Set as soon as it is to end: by a signal, or because the first one has ended.
const isEnding = () => process.exitCode !== undefined;
while (!isEnding() && !(await isReady())) await new Promise((resolve) => setTimeout(resolve, 200));
if (!isEnding()) start('examples/call-me/server.js', { PORT: String(PORT + 1), RINGBACK_URL, OWN_URL });
