/** One chart over time: its drawing by uPlot, its legend, and the same figures as a table. */
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { EndReason } from '../../parts/badge';
import { Disclosure } from '../../parts/disclosure';
import { useLanguageTag, useText } from '../../text/language';
import { CALLS, CallsLink, searchOf, type CallsSearch } from './calls-link';
import { useColours, type Colours, type Token } from './colours';
import type { Slot } from './figures';
import { useSlotName, type Format } from './format';
import type { Range } from './range';
import { partAt, stacked } from './stack';
import { text } from './text';

export interface Line {
  readonly label: string;
  readonly values: readonly (number | null)[];
  readonly token: Token;
  /** A pale bar stands behind a full one. */
  readonly shape: 'bar' | 'pale bar' | 'line' | 'dashes';
  /** What its calls have in common. Then each figure leads to them. */
  readonly endReason?: EndReason;
}

interface Props {
  readonly title: string;
  readonly about: string;
  readonly lines: readonly Line[];
  readonly slots: readonly Slot[];
  readonly range: Range;
  readonly provider: string | undefined;
  readonly format: Format;
  /** The top of the scale, if it is known. */
  readonly most?: number;
  /** Its bars stand on top of each other, the first at the bottom, and it takes all the width. */
  readonly isStacked?: boolean;
}

export const Chart = (props: Props) => {
  const { title, about, lines, slots, range, format, isStacked = false } = props;
  const t = useText(text);
  const id = useId();
  const [pointed, setPointed] = useState<number | null>(null);
  const nameOf = useSlotName(range);
  const slot = pointed === null ? undefined : slots[pointed];
  return (
    <section className={`card figure ${isStacked ? 'figure-wide' : ''}`} aria-labelledby={id}>
      <div>
        <h2 id={id}>{title}</h2>
        <p className="about">{about}</p>
      </div>
      <Drawing {...props} onPoint={setPointed} />
      {/* The table says it to those who do not see it. */}
      <p className="figure-pointed" aria-hidden="true">
        {slot && <strong>{nameOf(slot.from)}</strong>}
        {lines.map(({ label, token, shape, values }) => (
          <span key={label} className="figure-line">
            <span className={`swatch swatch-${token} swatch-${shape.replace(' ', '-')}`} />
            {label}
            {pointed !== null && <> {format(values[pointed] ?? null)}</>}
          </span>
        ))}
      </p>
      <Disclosure title={t('asTable')}>
        <SlotTable {...props} />
      </Disclosure>
    </section>
  );
};

const searchOfSlot = (
  { from, to }: Slot,
  { range: { timeZone }, provider }: Pick<Props, 'range' | 'provider'>,
): CallsSearch => ({ from, to, timeZone, provider });

const SlotTable = (props: Props) => {
  const { title, lines, slots, range } = props;
  const t = useText(text);
  const nameOf = useSlotName(range);
  return (
    // It scrolls in both directions.
    <div className="table-frame figure-table" tabIndex={0} role="region" aria-label={title}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{t('time')}</th>
            {lines.map(({ label }) => (
              <th key={label} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {slots.map((slot, place) => (
            <tr key={slot.from}>
              <th scope="row">
                <CallsLink search={searchOfSlot(slot, props)}>{nameOf(slot.from)}</CallsLink>
              </th>
              {lines.map((line) => (
                <td key={line.label}>
                  <Figure {...props} line={line} slot={slot} value={line.values[place] ?? null} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
};

interface FigureProps extends Props {
  readonly line: Line;
  readonly slot: Slot;
  readonly value: number | null;
}

const Figure = ({ line: { label, endReason }, slot, value, ...props }: FigureProps) => {
  const t = useText(text);
  const nameOf = useSlotName(props.range);
  const count = props.format(value);
  if (endReason === undefined || value === null || value === 0) return count;
  const what = `${nameOf(slot.from)}, ${label}`;
  return (
    <CallsLink search={{ ...searchOfSlot(slot, props), endReason }} label={t('countOf', { what, count })}>
      {count}
    </CallsLink>
  );
};

const HEIGHT = 200;

interface DrawingProps extends Props {
  readonly onPoint: (place: number | null) => void;
}

const Drawing = ({ title, lines, slots, range, provider, format, most, isStacked = false, onPoint }: DrawingProps) => {
  const t = useText(text);
  const tag = useLanguageTag();
  const navigate = useNavigate();
  const colours = useColours();
  const frame = useRef<HTMLDivElement>(null);
  // What it is drawn from, as text: a refresh that changes nothing draws nothing.
  const drawn = JSON.stringify([lines, slots.map(({ from, to }) => [from, to]), range, provider, most]);
  const open = useRef<(place: number, height: number) => void>(() => undefined);
  useEffect(() => {
    open.current = (place, height) => {
      const slot = slots[place];
      if (!slot) return;
      const endReason = isStacked ? partAt(lines, place, height)?.endReason : undefined;
      const search = searchOf({ ...searchOfSlot(slot, { range, provider }), ...(endReason && { endReason }) });
      void navigate({ to: CALLS, search: search as never });
    };
  });
  useEffect(() => {
    const place = frame.current;
    if (!place) return;
    const shown = isStacked ? stacked(lines) : lines;
    const options = optionsOf({
      lines: shown,
      slots,
      range,
      most,
      format,
      tag,
      colours: JSON.parse(colours) as Colours,
    });
    const chart = new uPlot(
      {
        ...options,
        width: place.clientWidth,
        height: HEIGHT,
        hooks: { setCursor: [({ cursor: { idx } }) => onPoint(idx ?? null)] },
      },
      [middlesOf(slots), ...shown.map(({ values }) => [...values])],
      place,
    );
    chart.over.addEventListener('click', ({ offsetY }) => {
      const { idx } = chart.cursor;
      if (typeof idx === 'number') open.current(idx, chart.posToVal(offsetY, 'y'));
    });
    const watch = new ResizeObserver(() => {
      if (place.clientWidth > 0) chart.setSize({ width: place.clientWidth, height: HEIGHT });
    });
    watch.observe(place);
    return () => {
      watch.disconnect();
      chart.destroy();
    };
    // `drawn` stands for what it is drawn from.
  }, [drawn, isStacked, colours, tag, format, onPoint]);
  return (
    <div ref={frame} className="figure-drawing" role="img" aria-label={t('chart', { title, count: slots.length })} />
  );
};

const second = (at: string): number => Date.parse(at) / 1_000;

const middlesOf = (slots: readonly Slot[]): number[] => slots.map(({ from, to }) => (second(from) + second(to)) / 2);

interface Drawn extends Pick<Props, 'lines' | 'slots' | 'range' | 'format'> {
  readonly most: number | undefined;
  readonly tag: string;
  readonly colours: Colours;
}

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 365 * DAY_SECONDS;
/** As uPlot has them, from a day to two years; and more, because it draws no label of a range too long for the last. */
const DAYS_APART = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1_825, 3_650, 9_125];
const FONT = '12px system-ui, sans-serif';

const optionsOf = ({
  lines,
  slots,
  range: { timeZone, every },
  format,
  most,
  tag,
  colours,
}: Drawn): Omit<uPlot.Options, 'width' | 'height'> => {
  const [first, last] = [slots[0], slots.at(-1)];
  const span: [number, number] = first && last ? [second(first.from), second(last.to)] : [0, 1];
  const hour = new Intl.DateTimeFormat(tag, { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(tag, { timeZone, month: 'numeric', day: 'numeric' });
  const year = new Intl.DateTimeFormat(tag, { timeZone, year: 'numeric' });
  const axis = {
    stroke: colours['ink-quiet'],
    font: FONT,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  return {
    tzDate: (at) => uPlot.tzDate(new Date(at * 1_000), timeZone),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
    scales: {
      x: { time: true, range: span },
      y: { range: (_, __, top) => [0, most ?? Math.max(1, top * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 30,
        space: 60,
        // The times of a day say nothing about a bar of a day.
        ...(every !== 'hour' && { incrs: DAYS_APART.map((days) => days * DAY_SECONDS) }),
        values: (_, splits, __, ___, step) =>
          splits.map((at) =>
            (step < DAY_SECONDS ? hour : step < YEAR_SECONDS ? day : year).format(new Date(at * 1_000)),
          ),
      },
      { ...axis, size: 56, values: (_, splits) => splits.map((value) => format(value)) },
    ],
    series: [{}, ...lines.map((line) => seriesOf(line, colours))],
  };
};

const seriesOf = ({ label, token, shape }: Line, colours: Colours): uPlot.Series => {
  const colour = colours[token];
  const isBar = shape === 'bar' || shape === 'pale bar';
  const { bars } = uPlot.paths;
  return {
    label,
    stroke: colour,
    width: isBar ? 1 : 2,
    points: isBar ? { show: false } : { size: 5, fill: colour },
    ...(shape === 'dashes' && { dash: [5, 4] }),
    ...(isBar && bars && { fill: shape === 'bar' ? colour : 'transparent', paths: bars({ size: [0.7, 36] }) }),
  };
};
