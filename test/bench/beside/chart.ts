/** The figures as an SVG: requests per second of Ringback and the others. The card is white, for dark pages. */
import type { ContenderName } from './contenders.js';
import type { Figures } from './figures.js';

export interface Panel {
  readonly title: string;
  readonly bars: readonly { readonly name: string; readonly perSecond: number }[];
}

const SHOWN: readonly ContenderName[] = ['Ringback', 'bare Fastify', 'Fastify and pg', 'NestJS on Express'];
const CHARTED: readonly string[] = ['state', 'placing', 'webhooks'];

/** Uses the first report of each work, in which contenders are asked as fast as they answer. */
export const panelsOf = (figures: Figures): Panel[] =>
  CHARTED.flatMap((work) => {
    const report = figures[work]?.reports[0];
    if (!report) return [];
    const column = report.head.indexOf('a second');
    const bars = report.rows.map(([name = '', ...cells]) => ({ name, perSecond: Number(cells[column - 1]) }));
    return [{ title: report.title, bars: bars.filter(({ name }) => (SHOWN as readonly string[]).includes(name)) }];
  });

const WIDTH = 760;
const MARGIN = 24;
const NAMES_END = 168;
const BARS_BEGIN = NAMES_END + 10;
/** Leaves room for the figure after the longest bar. */
const LONGEST_BAR = WIDTH - MARGIN - BARS_BEGIN - 64;
const BAR_HEIGHT = 16;
const BAR_STEP = 24;
const HEADING_HEIGHT = 60;
const TITLE_HEIGHT = 30;
const PANEL_GAP = 18;

/** Each panel has its own scale: next to bare Fastify the other bars would be too short. */
export const drawChart = (panels: readonly Panel[]): string => {
  const drawn: string[] = [];
  let y = HEADING_HEIGHT;
  for (const panel of panels) {
    drawn.push(drawPanel(panel, y));
    y += TITLE_HEIGHT + panel.bars.length * BAR_STEP + PANEL_GAP;
  }
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`,
    '<title>Requests a second: Ringback beside others</title>',
    '<style>',
    'text { font: 13px system-ui, sans-serif; fill: #1f2328 }',
    '.heading { font-size: 16px; font-weight: 600 }',
    '.note { font-size: 12px; fill: #59636e }',
    '.name { text-anchor: end }',
    '.ours { font-weight: 600 }',
    'rect { fill: #afb8c1 }',
    'rect.ours { fill: #0969da }',
    'rect.card { fill: #ffffff; stroke: #d1d9e0 }',
    '</style>',
    `<rect class="card" x="0.5" y="0.5" width="${WIDTH - 1}" height="${y - 1}" rx="8"/>`,
    `<text class="heading" x="${MARGIN}" y="32">Requests a second on one core</text>`,
    `<text class="note" x="${MARGIN}" y="50">more is better; each work on its own scale</text>`,
    ...drawn,
    '</svg>',
  ].join('\n')}\n`;
};

const drawPanel = ({ title, bars }: Panel, top: number): string => {
  const most = Math.max(...bars.map(({ perSecond }) => perSecond));
  const lines = bars.flatMap(({ name, perSecond }, index) => {
    const y = top + TITLE_HEIGHT + index * BAR_STEP;
    const baseline = y + 13;
    const width = Math.max(1, Math.round((LONGEST_BAR * perSecond) / most));
    const ours = name === 'Ringback' ? ' ours' : '';
    return [
      `<text class="name${ours}" x="${NAMES_END}" y="${baseline}">${escaped(name)}</text>`,
      `<rect class="bar${ours}" x="${BARS_BEGIN}" y="${y}" width="${width}" height="${BAR_HEIGHT}" rx="2"/>`,
      `<text class="figure${ours}" x="${BARS_BEGIN + width + 8}" y="${baseline}">${perSecond.toLocaleString('en-US')}</text>`,
    ];
  });
  return [`<text class="note" x="${MARGIN}" y="${top + 18}">${escaped(title)}</text>`, ...lines].join('\n');
};

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
