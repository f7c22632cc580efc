/** Stops the embedded database if Ringback ends without stopping it, for any reason. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/**
 * Standard input is a pipe that closes when Ringback ends. The process is still our server if postmaster.pid says so;
 * PostgreSQL removes that file when it stops. The script waits for at most a minute, and leaves the rest to the next
 * start.
 */
const SCRIPT = `
cat >/dev/null
[ "$(head -n 1 "$1" 2>/dev/null)" = "$2" ] || exit 0
kill -INT "$2"
round=0
while kill -0 "$2" 2>/dev/null && [ $round -lt 60 ]; do sleep 1; round=$((round + 1)); done
rm -rf "$3"
`;

/** Closing its standard input ends it. */
export const watchServer = (server: ChildProcess, cluster: string, socketFolder: string): ChildProcess => {
  const pidFile = join(cluster, 'postmaster.pid');
  const watchdog = spawn('/bin/sh', ['-c', SCRIPT, 'sh', pidFile, String(server.pid), socketFolder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not in our process group; otherwise Ctrl-C would end it too.
    detached: true,
    cwd: '/',
  });
  // /bin/sh may be missing. Without a watchdog the next start stops the server.
  watchdog.on('error', () => undefined).unref();
  return watchdog;
};
