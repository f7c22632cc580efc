/** The timeline as text: each event with its source, its codes, and the change that it made. */
import type { ReactNode } from 'react';
import { Badge } from '../../parts/badge';
import { Disclosure } from '../../parts/disclosure';
import { useTimeFormat } from '../../parts/time';
import { common } from '../../text/common';
import { useLanguageTag, useText } from '../../text/language';
import { Checks } from '../calls/checks';
import { Codes } from './codes';
import { useEventName } from './event-name';
import { checksIn, codesIn, inOrder, isOfRingback, legOf, type Call, type CallEvent } from './legs';
import { useOffset } from './step-time';
import { text } from './text';

/** The mark of an event in the drawing leads to it. */
export const rowIdOf = ({ provider, eventId }: CallEvent): string => `event ${provider} ${eventId}`.replace(/\s/g, '_');

export const EventTable = ({ call }: { readonly call: Call }) => {
  const t = useText(text);
  const clock = useClock();
  const eventName = useEventName();
  const offset = useOffset();
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
            const { occurredAt, receivedAt } = event;
            const at = Date.parse(occurredAt);
            const leg = legOf(event);
            const cells: Record<(typeof heads)[number], ReactNode> = {
              after: offset(at - start),
              time: (
                <time dateTime={occurredAt} title={occurredAt}>
                  {clock(occurredAt)}
                </time>
              ),
              event: eventName(event.type),
              source: <Badge tone={isOfRingback(event) ? 'plain' : 'live'}>{event.provider}</Badge>,
              leg: leg === null ? null : t(`lane.${leg}`),
              codes: hasDetail(event) ? <Detail event={event} /> : null,
              change: event.changeNumber === null ? null : <Change number={event.changeNumber} change={event.change} />,
              stored: offset(Date.parse(receivedAt) - at),
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
const Detail = ({ event }: { readonly event: CallEvent }) => {
  const t = useText(text);
  const checks = checksIn(event);
  const codes = codesIn(event);
  return (
    <div className="detail">
      {checks.length > 0 && (
        <Disclosure title={t('checks', { count: checks.length })}>
          <Checks checks={checks} />
        </Disclosure>
      )}
      {Object.keys(codes).length > 0 && <Codes codes={codes} />}
    </div>
  );
};

interface ChangeProps {
  readonly number: number;
  /** Null if this version of the service cannot read it. */
  readonly change: CallEvent['change'];
}

const Change = ({ number, change }: ChangeProps) => {
  const t = useText(text);
  const c = useText(common);
  if (change === null) return number;
  if (change.type === 'call.amended') return t('changeAmended', { number });
  return t('changeNumber', { number, state: c(`state.${change.data.stateType}`) });
};

const hasDetail = (event: CallEvent): boolean => checksIn(event).length > 0 || Object.keys(codesIn(event)).length > 0;

/** The time of day to the millisecond, in the browser's zone. */
const useClock = (): ((at: string) => string) => {
  const tag = useLanguageTag();
  const seconds = useTimeFormat('time');
  const decimal = new Intl.NumberFormat(tag, { minimumIntegerDigits: 3 });
  return (at) => `${seconds(at)}.${decimal.format(new Date(at).getMilliseconds())}`;
};
