export const say = (text: string): boolean => process.stdout.write(`${text}\n`);

/** In Markdown, so that it can be copied into the documentation. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
