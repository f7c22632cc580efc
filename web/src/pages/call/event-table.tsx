/** The timeline as text: each event with its source, its codes, and the change that it made. */
import type { ReactNode } from 'react';
import { Badge, type StateType } from '../../parts/badge';
import { useTimeFormat } from '../../parts/time';
import { common } from '../../text/common';
import { useLanguageTag, useText } from '../../text/language';
import { Codes } from './codes';
import { inOrder, isOfRingback, legOf, type Call, type CallEvent } from './legs';
import { useStepTime } from './step-time';
import { text } from './text';

/** The mark of an event in the drawing leads to it. */
export const rowIdOf = ({ provider, eventId }: CallEvent): string => `event ${provider} ${eventId}`.replace(/\s/g, '_');

export const EventTable = ({ call }: { readonly call: Call }) => {
  const t = useText(text);
  const clock = useClock();
  const stepTime = useStepTime();
  const start = Date.parse(call.requestedAt);
  const heads = ['after', 'time', 'event', 'source', 'leg', 'codes', 'change', 'stored'] as const;
  return (
    <div className="table-frame">
      <table className="table events" aria-label={t('events')}>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {t(head)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {inOrder(call).map((event) => {
            const { occurredAt, receivedAt, detail } = event;
            const at = Date.parse(occurredAt);
            const leg = legOf(event);
            const cells: Record<(typeof heads)[number], ReactNode> = {
              after: `+${stepTime(at - start)}`,
              time: (
                <time dateTime={occurredAt} title={occurredAt}>
                  {clock(occurredAt)}
                </time>
              ),
              event: t(`event.${event.type}`),
              source: <Badge tone={isOfRingback(event) ? 'plain' : 'live'}>{event.provider}</Badge>,
              leg: leg === null ? '–' : t(`lane.${leg}`),
              codes: <Detail detail={detail} />,
              change: <Change event={event} />,
              stored: t('storedLater', { time: stepTime(Date.parse(receivedAt) - at) }),
            };
            return (
              <tr key={rowIdOf(event)} id={rowIdOf(event)} tabIndex={-1}>
                {heads.map((head) => (
                  <td key={head} data-label={t(head)}>
                    {cells[head]}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
};

/** The leg has a column of its own. */
const Detail = ({ detail }: { readonly detail: CallEvent['detail'] }) => {
  const codes = Object.fromEntries(Object.entries(detail ?? {}).filter(([name]) => name !== 'leg'));
  return Object.keys(codes).length === 0 ? '–' : <Codes codes={codes} />;
};

const Change = ({ event: { changeNumber, change } }: { readonly event: CallEvent }) => {
  const t = useText(text);
  const c = useText(common);
  if (changeNumber === null) return '–';
  if (change === null) return changeNumber;
  if (change.type === 'call.amended') return t('changeAmended', { number: changeNumber });
  return t('changeNumber', { number: changeNumber, state: c(`state.${change.data.stateType as StateType}`) });
};

/** The time of day to the millisecond, in the browser's zone. */
const useClock = (): ((at: string) => string) => {
  const tag = useLanguageTag();
  const seconds = useTimeFormat('time');
  const decimal = new Intl.NumberFormat(tag, { minimumIntegerDigits: 3 });
  return (at) => `${seconds(at)}.${decimal.format(new Date(at).getMilliseconds())}`;
};
