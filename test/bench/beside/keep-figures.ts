import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { drawChart, panelsOf } from './chart.js';
import { replaceFigures, type Figures, type WorkFigures } from './figures.js';
import { withFigures } from './page.js';

const DOCS = new URL('../../../../docs/', import.meta.url);
const PAGE = new URL('performance.md', DOCS);
const FIGURES = new URL('performance/figures.json', DOCS);
const CHART = new URL('performance/chart.svg', DOCS);

/** Writes to the documentation of this repository. @param order of all works */
export const keepFigures = async (order: readonly string[], name: string, measured: WorkFigures): Promise<void> => {
  const figures = replaceFigures(await readFigures(), order, name, measured);
  const page = withFigures(await readFile(PAGE, 'utf8'), figures);
  await mkdir(new URL('.', FIGURES), { recursive: true });
  await writeFile(FIGURES, `${JSON.stringify(figures, undefined, 2)}\n`);
  const panels = panelsOf(figures);
  if (panels.length > 0) await writeFile(CHART, drawChart(panels));
  await writeFile(PAGE, page);
};

const readFigures = async (): Promise<Figures> => {
  try {
    return JSON.parse(await readFile(FIGURES, 'utf8')) as Figures;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
};
