/** Plain JavaScript, because jest does not transform global teardown. */
import { readFileSync } from 'node:fs';

/** @returns the skipped tests and the reasons, by the command that makes them runnable; empty if none was skipped */
export const skippedSummary = (file) => {
  const notes = read(file);
  const commands = [...new Set(notes.map(({ command }) => command))];
  const parts = commands.map((wanted) => {
    const those = notes.filter(({ command }) => command === wanted);
    const reasons = [...new Set(those.map(({ missing }) => missing.trim()))];
    const names = [...new Set(those.map(({ what }) => what))].sort();
    return [
      ...reasons.map((reason) => `Skipped: ${reason}`),
      ...names.map((name) => `  ○ ${name}`),
      `  To run them: ${wanted}`,
    ];
  });
  return parts.map((lines) => `\n${lines.join('\n')}\n`).join('');
};

const read = (file) => {
  try {
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
};
