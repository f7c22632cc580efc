import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { StateBadge } from '../../parts/badge';
import { Phone, phoneText } from '../../parts/phone';
import { durationText, useTimeFormat } from '../../parts/time';
import { useText } from '../../text/language';
import { useNow } from './clock';
import type { LiveCall } from './live-calls';
import { text } from './text';

type LiveState = '1' | '2' | '3';

export const secondsOf = ({ requestedAt }: LiveCall, now: number): number => (now - Date.parse(requestedAt)) / 1_000;

const addressOf = ({ callSid }: LiveCall): string => `/calls/${callSid}`;

/** In one line, for a question and for the name of a button. */
export const partyText = (name: string | null, phone: string): string =>
  name === null ? phoneText(phone) : `${name} (${phoneText(phone)})`;

/** Of all rows alike. */
export interface RowTerms {
  readonly aheadMs: number;
  readonly mayHangUp: boolean;
  readonly lines: ReadonlyMap<string, string>;
  readonly onHangUp: (call: LiveCall) => void;
}

interface Props extends RowTerms {
  readonly call: LiveCall;
  readonly index: number;
  readonly measure: (row: HTMLTableRowElement | null) => void;
}

/** Drawn again only if its call changes. */
export const CallRow = memo(({ call, index, measure, aheadMs, mayHangUp, lines, onHangUp }: Props) => {
  const t = useText(text);
  const time = useTimeFormat('both');
  const state = call.stateType as LiveState;
  const { serviceLineId } = call;
  const calleeName =
    serviceLineId === null ? call.calleeId : t('line', { name: lines.get(serviceLineId) ?? serviceLineId });
  return (
    // The heading is the first row.
    <tr ref={measure} data-index={index} aria-rowindex={index + 2} data-call={call.callSid}>
      <td data-label={t('age')}>
        <Link
          to={addressOf(call)}
          preload={false}
          className="number"
          aria-label={t('details', { time: time(call.requestedAt) })}
          title={time(call.requestedAt)}
        >
          <Age call={call} aheadMs={aheadMs} />
        </Link>
      </td>
      <td data-label={t('state')}>
        <StateBadge state={call.stateType} />
      </td>
      <td data-label={t('caller')}>
        <Leg name={call.callerId} phone={call.callerPhone} state={t(`legA.${state}`)} isTalking={state === '3'} />
      </td>
      <td data-label={t('callee')}>
        <Leg name={calleeName} phone={call.calleePhone} state={t(`legB.${state}`)} isTalking={state === '3'} />
      </td>
      <td data-label={t('provider')}>{call.provider}</td>
      {mayHangUp && (
        <td data-label={t('actions')}>
          <button
            type="button"
            className="button button-danger"
            aria-label={t('hangUpOf', {
              caller: partyText(call.callerId, call.callerPhone),
              callee: partyText(calleeName, call.calleePhone),
            })}
            onClick={() => onHangUp(call)}
          >
            {t('hangUp')}
          </button>
        </td>
      )}
    </tr>
  );
});
CallRow.displayName = 'CallRow';

const Age = ({ call, aheadMs }: { readonly call: LiveCall; readonly aheadMs: number }) =>
  durationText(secondsOf(call, useNow() + aheadMs));

interface LegProps {
  /** Null where a backend gave a phone and no user. */
  readonly name: string | null;
  readonly phone: string;
  readonly state: string;
  readonly isTalking: boolean;
}

const Leg = ({ name, phone, state, isTalking }: LegProps) => (
  <div className="leg">
    <span className="leg-who">
      {name !== null && <strong>{name}</strong>} <Phone number={phone} />
    </span>
    <span className={`leg-state ${isTalking ? 'leg-talks' : ''}`}>{state}</span>
  </div>
);
