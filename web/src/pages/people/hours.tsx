import { useText } from '../../text/language';
import type { Line } from './line-form';
import { daysAlike } from './opening-hours';
import { text } from './text';

export const Hours = ({ hours }: { readonly hours: Line['hours'] }) => {
  const t = useText(text);
  if (hours === null) return <span>{t('always')}</span>;
  const { timeZone, week, holidays = [] } = hours;
  return (
    <span className="lines">
      {daysAlike(week).map(({ first, last, ranges }) => (
        <span key={first}>
          {t(`short.${first}`)}
          {last !== first && `–${t(`short.${last}`)}`}{' '}
          {ranges.map((range, place) => (
            <span key={range} className="unbroken">
              {range.replace('-', '–')}
              {place < ranges.length - 1 && ', '}
            </span>
          ))}
        </span>
      ))}
      <span className="quiet">
        {timeZone}
        {holidays.length > 0 && ` · ${t('holidayCount', { count: holidays.length })}`}
      </span>
    </span>
  );
};
