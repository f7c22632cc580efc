import { useEffect, useState, useSyncExternalStore } from 'react';
import { isSignedOut } from '../../api/problem';
import { queryClient, SESSION_KEY } from '../../api/query-client';
import { CONNECTING, LiveCalls, type LiveQuery, type Picture } from './live-calls';

const nothing = () => () => undefined;
const connecting = (): Picture => CONNECTING;

export interface Live {
  readonly picture: Picture;
  /** Tries at once, also after a refusal. */
  readonly retry: () => void;
}

/** Other filters are another stream. */
export const useLiveCalls = (query: LiveQuery): Live => {
  const key = JSON.stringify(query);
  const [live, setLive] = useState<LiveCalls | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    const opened = new LiveCalls(JSON.parse(key) as LiveQuery, (problem) => {
      if (isSignedOut(problem)) queryClient.setQueryData(SESSION_KEY, null);
    });
    setLive(opened);
    return () => {
      opened.close();
      setLive(null);
    };
  }, [key, attempt]);
  const picture = useSyncExternalStore(live?.subscribe ?? nothing, live?.picture ?? connecting);
  const retry = () => {
    if (picture.link.kind === 'refused') setAttempt(attempt + 1);
    else live?.retry();
  };
  return { picture, retry };
};
