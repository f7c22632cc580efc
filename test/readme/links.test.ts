/** Each relative link of our pages leads to an existing file and an existing heading. */
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { REPOSITORY } from '../deployment/repository.js';
import { markdownPages } from './pages.js';

const LINK = /\]\((?<path>[^)#\s]*)(?:#(?<heading>[^)\s]+))?\)/g;

const textOf = async (page: string): Promise<string> =>
  (await readFile(join(REPOSITORY, page), 'utf8')).replaceAll(/^```.*?^```/gms, '');

/** The anchors that GitHub gives the headings of a page. */
const headingsOf = (text: string): string[] =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );

interface Link {
  readonly page: string;
  readonly target: string;
  readonly heading: string | undefined;
}

const linksOf = async (page: string): Promise<Link[]> =>
  [...(await textOf(page)).matchAll(LINK)]
    .map(({ groups }) => ({ path: groups!.path!, heading: groups!.heading }))
    .filter(({ path }) => !/^[a-z]+:/.test(path))
    .map(({ path, heading }) => ({
      page,
      target: path === '' ? page : normalize(join(dirname(page), path)),
      heading,
    }));

const allLinks = async (): Promise<Link[]> => (await Promise.all((await markdownPages()).map(linksOf))).flat();

/** @returns the error of a link, or null */
const faultOf = async ({ page, target, heading }: Link): Promise<string | null> => {
  const isThere = await stat(join(REPOSITORY, target)).catch(() => null);
  if (!isThere) return `${page}: ${target} does not exist`;
  if (heading === undefined || headingsOf(await textOf(target)).includes(heading)) return null;
  return `${page}: ${target} has no heading #${heading}`;
};

it('every relative link leads to an existing file and heading', async () => {
  const links = await allLinks();
  const faults = await Promise.all(links.map(faultOf));

  expect(links.length).toBeGreaterThan(200);
  expect(faults.filter((fault) => fault !== null)).toEqual([]);
});

it('every page of docs is linked from the index, or from the index of its folder', async () => {
  const indexes = (await markdownPages()).filter((page) => page.endsWith('/README.md'));
  const listed = new Set((await Promise.all(indexes.map(linksOf))).flat().map(({ target }) => target));
  const pages = (await markdownPages()).filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');

  expect(pages.filter((page) => !listed.has(page))).toEqual([]);
});
