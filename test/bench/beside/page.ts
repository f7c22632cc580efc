/** The generated part of docs/performance.md. The rest of the page is written by hand. */
import { panelsOf } from './chart.js';
import type { Figures, WorkFigures } from './figures.js';
import { tablesOf } from './table.js';

const BEGIN = '<!-- Between here and the end mark `npm run bench -- --write` writes. -->';
const END = '<!-- The end mark. -->';

/** @throws Error if the page does not have each mark once, in order */
export const withFigures = (page: string, figures: Figures): string => {
  const [before, rest, ...more] = page.split(BEGIN);
  const [, after, ...others] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`expected on the page, each once: ${BEGIN} … ${END}`);
  }
  const written = [BEGIN, ...partsOf(figures), END].join('\n\n');
  return `${before}${written}${after}`;
};

const partsOf = (figures: Figures): string[] => [
  ...(panelsOf(figures).length > 0 ? ['![Requests a second: Ringback beside others](performance/chart.svg)'] : []),
  ...Object.values(figures).flatMap((work) => [
    ...work.reports.map((report) => `### ${tablesOf(report)}`),
    source(work),
  ]),
];

const source = ({ machine, commit, date, seconds }: WorkFigures): string =>
  `Commit ${commit}, ${date}, rounds of ${seconds} s: ${machine}.`;
