import { useCallback } from 'react';
import { useText } from '../../text/language';
import type { CallEvent } from './legs';
import { text } from './text';

type Key = keyof (typeof text)['en'];

/** A replica of a newer version may have written events that have no words here. */
export const useEventName = (): ((type: CallEvent['type']) => string) => {
  const t = useText(text);
  return useCallback((type) => (`event.${type}` in text.en ? t(`event.${type}` satisfies Key) : type), [t]);
};
