import type { ReactNode } from 'react';
import { useText } from '../../text/language';
import { CallsLink, type CallsSearch } from './calls-link';
import { ratioOf, type Compared, type Group } from './figures';
import { useFormats, type Format } from './format';
import { text } from './text';

interface Props {
  readonly total: Compared<Group>;
  readonly search: CallsSearch;
  /** What the range is compared with, in words. */
  readonly before: string;
}

export const Summary = ({ total: { now, before: then }, search, before }: Props) => {
  const t = useText(text);
  const { count, percent, seconds, growth } = useFormats();
  const compared = (format: Format, of: (group: Group) => number | null): string =>
    t('compared', { value: then ? format(of(then)) : '–', before });
  const grown = (of: (group: Group) => number): ReactNode =>
    then && of(then) > 0 && <span className="quiet"> {growth((100 * (of(now) - of(then))) / of(then))}</span>;
  const calls = (group: Group): number => group.calls;
  const minutes = (group: Group): number => group.talkMinutes;
  return (
    <dl className="figure-summary">
      <div>
        <dt>{t('calls')}</dt>
        <dd>
          <CallsLink search={search}>{count(now.calls)}</CallsLink>
          {grown(calls)}
        </dd>
        <dd className="quiet">{compared(count, calls)}</dd>
      </div>
      <div>
        <dt>{t('ratio')}</dt>
        <dd>{percent(ratioOf(now))}</dd>
        <dd className="quiet">{compared(percent, ratioOf)}</dd>
      </div>
      <div>
        <dt>{t('talkMinutes')}</dt>
        <dd>
          {count(now.talkMinutes)}
          {grown(minutes)}
        </dd>
        <dd className="quiet">{compared(count, minutes)}</dd>
      </div>
      {(['postDialDelay', 'timeToAnswer'] as const).map((delay) => (
        <div key={delay}>
          <dt>{t(delay)}</dt>
          <dd>
            {seconds(now[delay].median)}
            <span className="quiet"> / {seconds(now[delay].percentile95)}</span>
          </dd>
          <dd className="quiet">{t('median95')}</dd>
          <dd className="quiet">{compared(seconds, (group) => group[delay].median)}</dd>
        </div>
      ))}
    </dl>
  );
};
