/** .dockerignore as Docker reads it: paths start at the root, the last matching rule decides, and `!` includes again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from './repository.js';

export interface IgnoreRule {
  readonly pattern: RegExp;
  readonly ignores: boolean;
}

const patternOf = (glob: string): RegExp => {
  const source = glob
    .replace(/^\/|\/$/g, '')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/|\*|\?/g, (wildcard) => ({ '**/': '(?:.*/)?', '*': '[^/]*', '?': '[^/]' })[wildcard]!);
  // A rule for a folder applies to everything in it.
  return new RegExp(`^${source}(?:/.*)?$`);
};

export const readIgnoreRules = async (): Promise<IgnoreRule[]> => {
  const text = await readFile(join(REPOSITORY, '.dockerignore'), 'utf8');
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ pattern: patternOf(line.replace(/^!/, '')), ignores: !line.startsWith('!') }));
};

/** @param path relative to the repository, with forward slashes */
export const isIgnored = (path: string, rules: readonly IgnoreRule[]): boolean =>
  rules.findLast(({ pattern }) => pattern.test(path))?.ignores ?? false;
