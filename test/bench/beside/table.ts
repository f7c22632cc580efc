import type { Report } from './report.js';

export const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** A Markdown table, for the documentation. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** The result table of a work, and below it the table of targets. */
export const tablesOf = ({ title, head, rows, aims }: Report): string => {
  const reached = aims.map(({ text, figure, isReached }) => [text, figure, isReached ? 'yes' : 'no']);
  const tables = [table(head, rows), ...(aims.length > 0 ? [table(['target', 'figure', 'reached'], reached)] : [])];
  return [title, ...tables].join('\n\n');
};
