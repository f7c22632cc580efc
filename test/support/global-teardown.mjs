import { rm } from 'node:fs/promises';
import { skippedSummary } from './skipped-summary.mjs';

export default async function globalTeardown() {
  const { server, dataDir } = globalThis.testPostgres;
  const skipped = skippedSummary(process.env.RINGBACK_TEST_SKIPPED);
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
  process.stderr.write(skipped);
}
