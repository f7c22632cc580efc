/**
 * Tests that are skipped because the machine lacks a program. Test files run in separate processes, so each adds a line
 * to one file. Global teardown prints the summary last, after jest's own (skipped-summary.mjs).
 */
import { appendFileSync } from 'node:fs';

/**
 * @param what the skipped tests
 * @param missing why they cannot run here
 * @param command the command that makes them runnable
 */
export const noteSkipped = (
  what: string,
  missing: string,
  command: string,
  file = process.env.RINGBACK_TEST_SKIPPED,
): void => {
  if (!file) throw new Error('tests run under jest, whose global set-up names the file of skipped tests');
  appendFileSync(file, `${JSON.stringify({ what, missing, command })}\n`);
};
