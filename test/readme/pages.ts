/** Our Markdown pages: those in docs and those in the repository's root. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';

/** @returns their paths, from the repository's root */
export const markdownPages = async (): Promise<string[]> => {
  const isPage = (name: string): boolean => name.endsWith('.md');
  const [beside, docs] = await Promise.all([
    readdir(REPOSITORY),
    readdir(join(REPOSITORY, 'docs'), { recursive: true }),
  ]);
  return [...beside.filter(isPage), ...docs.filter(isPage).map((name) => `docs/${name}`)];
};
