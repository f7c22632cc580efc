/** How the bench writes figures into the documentation, without running the bench. */
import { readFile } from 'node:fs/promises';
import { drawChart, panelsOf } from './beside/chart.js';
import { replaceFigures, type Figures, type WorkFigures } from './beside/figures.js';
import { withFigures } from './beside/page.js';
import type { Report } from './beside/report.js';

const MARKS = [
  '<!-- Between here and the end mark `npm run bench -- --write` writes. -->',
  '<!-- The end mark. -->',
] as const;
const EMPTY_PAGE = `# Performance\n\n${MARKS.join('\n\n')}\n\nThe end.\n`;

const docs = (name: string): Promise<string> =>
  readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });

const reportOf = (work: string, rows: Report['rows']): Report => ({
  work,
  title: `${work}: 64 connections`,
  head: ['', 'a second', 'p99'],
  rows,
  aims: [{ text: '≥ 0.5 of bare Fastify', figure: '0.47', isReached: false }],
});

const measured = (...reports: Report[]): WorkFigures => ({
  machine: '2 cores',
  commit: 'abc1234567',
  date: '2026-11-26',
  seconds: 5,
  reports,
});

const STATE = reportOf('state', [
  ['Ringback', '12000', '9.0 ms'],
  ['bare Fastify', '24000', '4.0 ms'],
  ['the load’s ceiling', '90000', '1.0 ms'],
]);

describe('the performance page', () => {
  it('equals what the stored figures generate, and so does the chart', async () => {
    const [page, figuresText, chart] = await Promise.all(
      ['performance.md', 'performance/figures.json', 'performance/chart.svg'].map(docs),
    );
    const figures = JSON.parse(figuresText || '{}') as Figures;
    const panels = panelsOf(figures);

    const written = withFigures(page!, figures);

    expect(written).toBe(page);
    expect(chart).toBe(panels.length > 0 ? drawChart(panels) : '');
  });

  it('has the chart, and each work with its targets and circumstances', () => {
    const page = withFigures(EMPTY_PAGE, { state: measured(STATE), start: measured(reportOf('start', [])) });

    expect(page).toMatch(/^# Performance\n\n<!-- Between[^]+<!-- The end mark\. -->\n\nThe end\.\n$/);
    expect(page.match(/^(?:### .*|!.*|Commit .*|\| (?:Ringback|≥) .*)$/gm)).toEqual([
      '![Requests a second: Ringback beside others](performance/chart.svg)',
      '### state: 64 connections',
      '| Ringback | 12000 | 9.0 ms |',
      '| ≥ 0.5 of bare Fastify | 0.47 | no |',
      'Commit abc1234567, 2026-11-26, rounds of 5 s: 2 cores.',
      '### start: 64 connections',
      '| ≥ 0.5 of bare Fastify | 0.47 | no |',
      'Commit abc1234567, 2026-11-26, rounds of 5 s: 2 cores.',
    ]);
  });

  it('does not change when it is written again, and old figures are replaced', () => {
    const figures = { state: measured(STATE) };
    const once = withFigures(EMPTY_PAGE, figures);

    expect(withFigures(once, figures)).toBe(once);
    expect(withFigures(once, {})).toBe(EMPTY_PAGE);
  });

  it.each([
    ['no marks', 'text'],
    ['one mark', `text ${MARKS[0]}`],
    ['marks in the wrong order', `${MARKS[1]} ${MARKS[0]}`],
    ['a mark twice', `${MARKS[0]} ${MARKS[0]} ${MARKS[1]}`],
    ['an end twice', `${MARKS[0]} ${MARKS[1]} ${MARKS[1]}`],
  ])('is not written if it has %s', (_, page) => {
    expect(() => withFigures(page, {})).toThrow('expected on the page, each once');
  });
});

describe('stored figures', () => {
  it('of a repeated work are replaced, and those of other works are kept, in the order of the works', () => {
    const old = { start: measured(), removed: measured(), state: measured() };
    const again = measured(STATE);

    const figures = replaceFigures(old, ['state', 'placing', 'start'], 'state', again);

    expect(Object.entries(figures)).toEqual([
      ['state', again],
      ['start', old.start],
    ]);
  });
});

describe('the chart', () => {
  const widthsIn = (svg: string): number[] =>
    [...svg.matchAll(/<rect class="bar(?: ours)?".*? width="(\d+)"/g)].map(([, width]) => Number(width));

  it('shows Ringback and the contenders of each first report, but not the load’s ceiling', () => {
    const paced = reportOf('placing', [['Ringback', '100', '30 ms']]);

    const panels = panelsOf({
      start: measured(reportOf('start', [['ready', '2 s', '']])),
      placing: measured(reportOf('placing', [['Ringback', '700', '90 ms']]), paced),
      state: measured(STATE),
    });

    expect(panels).toEqual([
      {
        title: 'state: 64 connections',
        bars: [
          { name: 'Ringback', perSecond: 12_000 },
          { name: 'bare Fastify', perSecond: 24_000 },
        ],
      },
      { title: 'placing: 64 connections', bars: [{ name: 'Ringback', perSecond: 700 }] },
    ]);
  });

  it('draws proportional bars with their figures, each panel on its own scale', () => {
    const svg = drawChart(panelsOf({ state: measured(STATE), webhooks: measured({ ...STATE, work: 'webhooks' }) }));

    const widths = widthsIn(svg);

    expect(widths[1]).toBe(2 * widths[0]!);
    expect(widths).toEqual([widths[0], widths[1], widths[0], widths[1]]);
    expect(svg.match(/>(?:12|24),000</g)).toHaveLength(4);
  });

  it('escapes the title', () => {
    const svg = drawChart([{ title: 'a < b & c > d', bars: [{ name: 'Ringback', perSecond: 1 }] }]);

    expect(svg).toContain('>a &lt; b &amp; c &gt; d</text>');
  });
});
