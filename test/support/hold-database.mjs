/** Starts the embedded database in the given folder, prints its URL, and runs it until SIGTERM or a kill. */
import { startEmbeddedPostgres } from '../../dist/src/embedded-postgres/embedded-postgres.js';

try {
  const server = await startEmbeddedPostgres({ dataDir: process.argv[2] });
  process.once('SIGTERM', () => void server.stop());
  process.stdout.write(`${server.url}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
