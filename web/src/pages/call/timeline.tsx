/**
 * Both legs, and who recorded what and when, as a drawing. Each mark is a button: it has the focus, shows its event when it is
 * pointed at or focused, and leads to the event's row in the table.
 */
import { useMemo, type CSSProperties } from 'react';
import { Button, Tooltip, TooltipTrigger } from 'react-aria-components';
import { valueText } from '../../parts/value-text';
import { useText } from '../../text/language';
import { useEventName } from './event-name';
import { rowIdOf } from './event-table';
import {
  codesIn,
  LANES,
  legOf,
  marksOf,
  scaleOf,
  spansOf,
  type Call,
  type CallEvent,
  type Lane,
  type Mark,
  type Span,
} from './legs';
import { useOffset, useStepTime } from './step-time';
import { text } from './text';

interface Props {
  readonly call: Call;
  /** Until when an open call is drawn. */
  readonly now: number;
}

type Scale = (at: number) => number;

const percent = (part: number): string => `${(part * 100).toFixed(2)}%`;

/** What a mark takes, so that neighbours do not cover each other. */
const MARK_WIDTH = 34;
/** Of a lane. */
const NAME_WIDTH = 110;
/** On a phone the drawing is scrolled. */
const LEAST_WIDTH = 640;

export const Timeline = ({ call, now }: Props) => {
  const t = useText(text);
  const spans = useMemo(() => spansOf(call, now), [call, now]);
  const marks = useMemo(() => marksOf(call), [call]);
  const instants = useMemo(
    () => [...new Set([...marks.map(({ at }) => at), ...spans.flatMap(({ from, to }) => [from, to])])],
    [marks, spans],
  );
  const scale = useMemo(() => scaleOf(instants), [instants]);
  return (
    <figure className="timeline" aria-label={t('drawing')}>
      <div className="timeline-frame">
        <div
          className="timeline-lanes"
          style={{ minWidth: Math.max(LEAST_WIDTH, NAME_WIDTH + instants.length * MARK_WIDTH) }}
        >
          {LANES.map((lane) => (
            <div key={lane} className="lane" role="group" aria-label={`${t(`lane.${lane}`)} (${t(`laneOf.${lane}`)})`}>
              <div className="lane-name" aria-hidden="true">
                {t(`lane.${lane}`)}
                <span className="quiet">{t(`laneOf.${lane}`)}</span>
              </div>
              <div className="lane-track">
                {spans
                  .filter(({ leg }) => leg === lane)
                  .map((span) => (
                    <Bar key={span.phase} span={span} scale={scale} />
                  ))}
                {marks
                  .filter((mark) => mark.lane === lane)
                  .map((mark) => (
                    <Point key={mark.at} mark={mark} scale={scale} call={call} />
                  ))}
              </div>
            </div>
          ))}
          <Ticks instants={instants} scale={scale} start={Date.parse(call.requestedAt)} />
        </div>
      </div>
      <figcaption className="legend quiet">
        <span>
          <span className="point point-provider" aria-hidden="true" /> {t('ofProvider')}
        </span>
        <span>
          <span className="point point-ringback" aria-hidden="true" /> {t('ofRingback')}
        </span>
      </figcaption>
    </figure>
  );
};

const Bar = ({ span: { phase, from, to, isOpen }, scale }: { readonly span: Span; readonly scale: Scale }) => {
  const t = useText(text);
  const stepTime = useStepTime();
  const place: CSSProperties = { left: percent(scale(from)), width: percent(scale(to) - scale(from)) };
  return (
    <div className={`bar-of-leg bar-${phase} ${isOpen ? 'bar-open' : ''}`} style={place} aria-hidden="true">
      <span>{t(`phase.${phase}`)}</span> <span className="bar-time">{stepTime(to - from)}</span>
    </div>
  );
};

interface PointProps {
  readonly mark: Mark;
  readonly scale: Scale;
  readonly call: Call;
}

const Point = ({ mark: { lane, at, events }, scale, call }: PointProps) => {
  const sentenceOf = useSentence(call);
  const sentences = events.map(sentenceOf);
  return (
    <TooltipTrigger delay={100} closeDelay={0}>
      <Button
        className={`point ${pointOf(lane)}`}
        style={{ left: percent(scale(at)) }}
        aria-label={sentences.join('; ')}
        onPress={() => events.slice(0, 1).forEach((event) => document.getElementById(rowIdOf(event))?.focus())}
      />
      <Tooltip className="tooltip" offset={6}>
        {sentences.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </Tooltip>
    </TooltipTrigger>
  );
};

const pointOf = (lane: Lane): string => (lane === 'ringback' ? 'point-ringback' : 'point-provider');

/** An event in one line: when, what, who says so, with which codes. */
const useSentence = (call: Call): ((event: CallEvent) => string) => {
  const t = useText(text);
  const eventName = useEventName();
  const offset = useOffset();
  return (event) => {
    const codes = Object.entries(codesIn(event));
    const leg = legOf(event);
    return [
      offset(Date.parse(event.occurredAt) - Date.parse(call.requestedAt)),
      eventName(event.type),
      event.provider,
      ...(leg === null ? [] : [t(`lane.${leg}`)]),
      ...codes.map(([name, value]) => `${name} ${valueText(value)}`),
    ].join(' · ');
  };
};

interface TicksProps {
  readonly instants: readonly number[];
  readonly scale: Scale;
  readonly start: number;
}

/** Two closer ones would cover each other. */
const LEAST_APART = 0.11;

const Ticks = ({ instants, scale, start }: TicksProps) => {
  const offset = useOffset();
  const shown: number[] = [];
  for (const at of instants.toSorted((one, other) => one - other)) {
    const last = shown.at(-1);
    if (last === undefined || scale(at) - scale(last) >= LEAST_APART) shown.push(at);
  }
  return (
    <div className="ticks" aria-hidden="true">
      {shown.map((at) => (
        <span key={at} style={{ left: percent(scale(at)) }}>
          {at === start ? '0' : offset(at - start)}
        </span>
      ))}
    </div>
  );
};
