import { useCallback } from 'react';
import { durationText } from '../../parts/time';
import { useText } from '../../text/language';
import { text } from './text';

/** Steps of a call take milliseconds or minutes. */
export const useStepTime = (): ((milliseconds: number) => string) => {
  const t = useText(text);
  return useCallback(
    (milliseconds) => {
      if (milliseconds < 1_000) return t('milliseconds', { count: Math.round(milliseconds) });
      if (milliseconds < 60_000) return t('seconds', { count: (milliseconds / 1_000).toFixed(1) });
      return durationText(milliseconds / 1_000);
    },
    [t],
  );
};

/** After another time; before it, where clocks differ. */
export const useOffset = (): ((milliseconds: number) => string) => {
  const stepTime = useStepTime();
  return useCallback(
    (milliseconds) => (milliseconds < 0 ? `−${stepTime(-milliseconds)}` : `+${stepTime(milliseconds)}`),
    [stepTime],
  );
};
