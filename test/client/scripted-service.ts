/** Ringback as a script of replies, and a clock that goes on by itself: for what takes a watch minutes. */
import { CALL_SID, changeOf, loadClient, statesOf } from './source-client.js';

export type Reply = () => Response | Promise<Response>;

export interface Followed {
  /** The states that the watch has yielded, or what it has thrown. */
  readonly outcome: unknown;
  /** `stream` or `poll`, of each request. */
  readonly asked: readonly string[];
  /** The times between the requests, in milliseconds. A watch counts them from up to two steps of the clock later. */
  readonly gaps: readonly number[];
}

const STEP_MS = 250;
/** Twenty minutes. */
const MAX_STEPS = 4_800;

export const fails: Reply = () => Promise.reject(new TypeError('fetch failed'));

/** It ends after these lines, as at a proxy that limits the time of a response. */
export const streams =
  (...lines: string[]): Reply =>
  () =>
    new Response(lines.map((line) => `${line}\n\n`).join(''), { headers: { 'content-type': 'text/event-stream' } });

export const streamsEnd: Reply = streams(`data: ${changeOf(1, '4')}`);

export const portal: Reply = () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } });

export const poll =
  (stateType: string, ...changes: string[]): Reply =>
  () =>
    new Response(`{"returnCode":200,"data":{"stateType":"${stateType}","changes":[${changes.join()}]}}`);

/** Moves the clock until the work is done. */
export const inQuickTime = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  jest.useFakeTimers({ doNotFake: ['setInterval', 'clearInterval', 'performance', 'hrtime'] });
  try {
    let isDone = false as boolean;
    const result = work().finally(() => (isDone = true));
    result.catch(() => undefined);
    for (let step = 0; !isDone; step++) {
      if (step === MAX_STEPS) throw new Error('It is not done after twenty minutes.');
      await jest.advanceTimersByTimeAsync(STEP_MS);
    }
    return await result;
  } finally {
    jest.useRealTimers();
  }
};

/** Follows a call to its end. */
export const follow = async (replies: readonly Reply[], token: unknown = 'token'): Promise<Followed> => {
  const Ringback = await loadClient();
  const remaining = [...replies];
  const asked: string[] = [];
  const times: number[] = [];
  const fetch = async (url: URL, { signal }: RequestInit): Promise<Response> => {
    signal?.throwIfAborted();
    asked.push(url.pathname.endsWith('/stream') ? 'stream' : 'poll');
    times.push(Date.now());
    return remaining.shift()!();
  };
  const watched = (): Promise<unknown> =>
    statesOf(new Ringback({ url: 'http://localhost', token, fetch }).watch(CALL_SID)).catch((error: unknown) => error);
  const outcome = await inQuickTime(watched);
  return { outcome, asked, gaps: times.slice(1).map((time, place) => time - times[place]!) };
};
