/**
 * `npm run pictures`: draws each sequence diagram of docs/pictures from its text, as an SVG beside it. The SVG is
 * committed, because every viewer can show it. test/readme/pictures.test.ts compares it with its text.
 */
import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = new URL('../docs/pictures/', import.meta.url);

const COLUMN = 170;
const ROW = 30;
const TOP = 78;
const BOX = { width: 140, height: 34, top: 34 };

const STYLE = `
text { font: 13px system-ui, 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif; fill: #1f2328; text-anchor: middle }
.heading { font-size: 15px; font-weight: 600 }
.paper { fill: #fff }
.box { fill: #ddf4ff; stroke: #0969da }
.life { stroke: #afb8c1; stroke-dasharray: 3 4 }
.message { stroke: #0969da; stroke-width: 1.5 }
.reply { stroke-dasharray: 5 4 }
.head { fill: #0969da }
.label { paint-order: stroke; stroke: #fff; stroke-width: 5px; stroke-linejoin: round }
`;

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** @throws Error if a line has an unknown form, or names an unknown participant */
const read = (source) => {
  const picture = { title: '', participants: [], messages: [] };
  const indexOf = (id) => {
    const index = picture.participants.findIndex((participant) => participant.id === id);
    if (index < 0) throw new Error(`no participant is called ${id}`);
    return index;
  };
  for (const line of source.split('\n').filter((one) => one && !one.startsWith('#'))) {
    const [, title] = /^title: (.+)$/.exec(line) ?? [];
    const [, id, name] = /^(\w+) = (.+)$/.exec(line) ?? [];
    const [, from, arrow, to, text] = /^(\w+) (--?>) (\w+): (.+)$/.exec(line) ?? [];
    if (title) picture.title = title;
    else if (id) picture.participants.push({ id, name });
    else if (from) picture.messages.push({ from: indexOf(from), to: indexOf(to), isReply: arrow === '-->', text });
    else throw new Error(`cannot be drawn: ${line}`);
  }
  return picture;
};

const xOf = (index) => COLUMN / 2 + index * COLUMN;

const drawParticipant = ({ name }, index, bottom) => `
<line class="life" x1="${xOf(index)}" y1="${BOX.top + BOX.height}" x2="${xOf(index)}" y2="${bottom}"/>
<rect class="box" x="${xOf(index) - BOX.width / 2}" y="${BOX.top}" width="${BOX.width}" height="${BOX.height}" rx="6"/>
<text x="${xOf(index)}" y="${BOX.top + 22}">${escaped(name)}</text>`;

const drawMessage = ({ from, to, isReply, text }, index) => {
  const y = TOP + (index + 1) * ROW;
  const towards = Math.sign(to - from);
  const end = xOf(to) - towards * 2;
  // Beside the sender, so that the label is between two lifelines even if the arrow crosses others.
  const middle = xOf(from) + (towards * COLUMN) / 2;
  return `
<line class="message${isReply ? ' reply' : ''}" x1="${xOf(from)}" y1="${y}" x2="${end - towards * 8}" y2="${y}"/>
<path class="head" d="M${end} ${y} l${-towards * 10} -5 v10 z"/>
<text class="label" x="${middle}" y="${y - 7}">${escaped(text)}</text>`;
};

/** @returns the SVG of a picture's text */
export const draw = (source) => {
  const { title, participants, messages } = read(source);
  const width = participants.length * COLUMN;
  const height = TOP + (messages.length + 1) * ROW;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<rect class="paper" width="${width}" height="${height}"/>
<text class="heading" x="${width / 2}" y="22">${escaped(title)}</text>${participants
    .map((participant, index) => drawParticipant(participant, index, height - 10))
    .join('')}${messages.map(drawMessage).join('')}
</svg>
`;
};

if (process.argv[1] && fileURLToPath(import.meta.url) === realpathSync(process.argv[1])) {
  for (const name of readdirSync(FOLDER).filter((one) => one.endsWith('.txt'))) {
    writeFileSync(new URL(name.replace(/txt$/, 'svg'), FOLDER), draw(readFileSync(new URL(name, FOLDER), 'utf8')));
  }
}
