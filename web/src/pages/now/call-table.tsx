/** The rows that are in sight, and some around them: a thousand calls cost what thirty do. */
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { useLayoutEffect, useRef, useState } from 'react';
import { useText } from '../../text/language';
import { CallRow, type RowTerms } from './call-row';
import type { LiveCall } from './live-calls';
import { text } from './text';

/** Measured, once it is there. */
const ROW_HEIGHT = 58;
const OUT_OF_SIGHT = 6;

interface Props extends RowTerms {
  readonly calls: readonly LiveCall[];
}

export const CallTable = ({ calls, ...terms }: Props) => {
  const t = useText(text);
  const body = useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = useState(0);
  // Notices above push it down.
  useLayoutEffect(() => {
    if (body.current) setTop(Math.round(body.current.getBoundingClientRect().top + window.scrollY));
  });
  const list = useWindowVirtualizer({
    count: calls.length,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => calls[index]?.callSid ?? index,
    overscan: OUT_OF_SIGHT,
    scrollMargin: top,
  });
  const rows = list.getVirtualItems();
  const above = (rows[0]?.start ?? top) - top;
  const below = list.getTotalSize() - ((rows.at(-1)?.end ?? top) - top);
  const columns = terms.mayHangUp ? 6 : 5;
  return (
    <div className="table-frame live-frame">
      <table className="table live-calls" aria-label={t('label')} aria-rowcount={calls.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className="live-age">
              {t('age')}
            </th>
            <th scope="col" className="live-state">
              {t('state')}
            </th>
            <th scope="col">{t('caller')}</th>
            <th scope="col">{t('callee')}</th>
            <th scope="col" className="live-provider">
              {t('provider')}
            </th>
            {terms.mayHangUp && (
              <th scope="col" className="live-actions">
                {t('actions')}
              </th>
            )}
          </tr>
        </thead>
        <tbody ref={body}>
          {above > 0 && <Space height={above} columns={columns} />}
          {rows.map(({ key, index }) => {
            const call = calls[index];
            return call && <CallRow key={key} call={call} index={index} measure={list.measureElement} {...terms} />;
          })}
          {below > 0 && <Space height={below} columns={columns} />}
        </tbody>
      </table>
    </div>
  );
};

/** In the place of rows that are out of sight. */
const Space = ({ height, columns }: { readonly height: number; readonly columns: number }) => (
  <tr className="live-space" aria-hidden="true">
    <td colSpan={columns} style={{ height }} />
  </tr>
);
