/**
 * Follows the changes of one call until it is over. A stream that breaks is resumed after the last change. Where a proxy
 * holds the events back, or `fetch` has no streams (React Native), it asks by long polls.
 */
import { noAnswer, parseJson, type Connection } from './connection.js';
import { eventsIn } from './event-stream.js';
import { RingbackError } from './ringback-error.js';
import type { components } from './schema.js';

/** A change of a call, as streams, long polls and webhooks have it. */
export type CallChange = components['schemas']['ChangeReply'];

export interface WatchOptions {
  /** Begin after the change with this number. Default: 0, all changes. */
  readonly afterNumber?: number;
  readonly signal?: AbortSignal;
}

/** Where the changes of one call are. */
export interface ChangeSource {
  readonly connection: Connection;
  readonly streamPath: string;
  readonly longPollPath: string;
  /** @throws RingbackError if the body is a refusal of the contract, is cut off, or is no JSON */
  longPollIn(response: Response): Promise<LongPoll>;
}

export interface LongPoll {
  readonly stateType: string;
  readonly changes: readonly CallChange[];
}

/** Ringback sends the first change of a new stream at once. */
const FIRST_CHANGE_MS = 5_000;
/** It sends a comment every 15 seconds. */
const SILENCE_MS = 40_000;
const LONG_POLL_SECONDS = 25;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;
/** In a row. The pauses between them are about three minutes: an outage may pass, and a mistake in the function is seen. */
const MAX_FAILED_TOKENS = 20;

const OVER = '4';

/** What one request brings. `alive`: a heartbeat, or a long poll without a change. */
type Received = AsyncGenerator<CallChange | 'alive' | 'over', void, void>;

/**
 * Yields each change once, in the order of their numbers. The last one has `stateType` `4`. If there is no answer, or one
 * of 5xx or 429, or a status 200 that is not Ringback's, it asks again after a growing pause, for as long as the signal
 * does not abort.
 * @throws RingbackError if the call cannot be watched, as with NOT_YOUR_CALL, or if the token function fails again and again;
 * the reason of the signal if it aborts
 */
export async function* watchCall(
  source: ChangeSource,
  { afterNumber = 0, signal }: WatchOptions,
): AsyncGenerator<CallChange, void, void> {
  let last = afterNumber;
  let refusedTokens = 0;
  let failedTokens = 0;
  let receive: (source: ChangeSource, last: number, attempt: Attempt) => Received = streamed;
  let failures = 0;
  for (;;) {
    signal?.throwIfAborted();
    const attempt = new Attempt(signal);
    let retryAfterSeconds = 0;
    failures++;
    try {
      for await (const received of receive(source, last, attempt)) {
        failures = 0;
        if (received === 'over') return;
        if (received === 'alive' || received.data.number <= last) continue;
        last = received.data.number;
        yield received;
        if (received.data.stateType === OVER) return;
      }
      if (receive === longPolled) continue;
    } catch (error) {
      signal?.throwIfAborted();
      if (attempt.isHeldBack) receive = longPolled;
      else {
        if (!attempt.isSent && ++failedTokens === MAX_FAILED_TOKENS) throw error;
        if (isRefusedToken(error)) refusedTokens++;
        retryAfterSeconds = secondsToWait(error, refusedTokens, source.connection);
      }
    } finally {
      if (attempt.isSent) failedTokens = 0;
      if (attempt.isAccepted) refusedTokens = 0;
      attempt.end();
    }
    await pause(Math.max(pauseAfter(failures), retryAfterSeconds * 1_000), signal);
  }
}

/** In milliseconds. At random, so that the clients of a service that comes back do not all ask at once. */
const pauseAfter = (failures: number): number =>
  Math.min(FIRST_PAUSE_MS * 2 ** Math.max(failures - 1, 0), LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2);

async function* streamed({ connection, streamPath }: ChangeSource, last: number, attempt: Attempt): Received {
  const response = await connection.send(streamPath, {
    headers: { accept: 'text/event-stream', 'last-event-id': String(last) },
    signal: attempt.signal,
    onSend: () => attempt.begin(last === 0 ? FIRST_CHANGE_MS : SILENCE_MS),
  });
  if (response.status === 204) yield 'over';
  // A refusal of the contract, or no stream: the long poll tells which.
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
    attempt.holdBack();
    return;
  }
  attempt.isAccepted = true;
  for await (const data of eventsIn(response.body)) {
    attempt.hasReceived();
    if (data === null) {
      yield 'alive';
      continue;
    }
    const change = parseJson(data) as CallChange | null;
    // Something on the way has damaged the stream: it is resumed like one that breaks.
    if (change === null) throw noAnswer(undefined, 'An event of the stream is no JSON.');
    yield change;
  }
}

async function* longPolled(source: ChangeSource, last: number, attempt: Attempt): Received {
  const response = await source.connection.send(source.longPollPath, {
    query: { afterNumber: last, wait: LONG_POLL_SECONDS },
    signal: attempt.signal,
    onSend: () => attempt.begin(LONG_POLL_SECONDS * 1_000 + SILENCE_MS),
  });
  const { stateType, changes } = await source.longPollIn(response);
  attempt.isAccepted = true;
  yield 'alive';
  yield* changes;
  if (stateType === OVER) yield 'over';
}

/** One request: it is aborted with the watch, and when it is silent for too long. */
class Attempt {
  /** The token function has returned a token. */
  isSent = false;
  /** Ringback has answered with a stream or a long poll, so it has not refused the token. */
  isAccepted = false;
  readonly #controller = new AbortController();
  readonly #watch: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasReceived = false;
  #isHeldBack = false;

  constructor(watch: AbortSignal | undefined) {
    this.#watch = watch;
    watch?.addEventListener('abort', this.#stop);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Nothing at all has arrived in time, or no stream. */
  get isHeldBack(): boolean {
    return this.#isHeldBack;
  }

  /** Its time does not include that of the token function. */
  begin(milliseconds: number): void {
    this.isSent = true;
    this.expectWithin(milliseconds);
  }

  expectWithin(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#hasReceived) this.#isHeldBack = true;
      this.#controller.abort();
    }, milliseconds);
  }

  hasReceived(): void {
    this.#hasReceived = true;
    this.expectWithin(SILENCE_MS);
  }

  holdBack(): never {
    this.#isHeldBack = true;
    throw new Error('This is no stream of events.');
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#watch?.removeEventListener('abort', this.#stop);
    this.#controller.abort();
  }

  readonly #stop = (): void => {
    this.#controller.abort();
  };
}

/** `/v1/app` may say it in its body. */
const returnCodeOf = ({ httpStatus = 500, returnCode = httpStatus }: RingbackError): number => returnCode;

const isRefusedToken = (error: unknown): boolean => error instanceof RingbackError && returnCodeOf(error) === 401;

/**
 * @param refusedTokens in a row: one may have expired, the next one was new
 * @throws the error if asking again does not help
 */
const secondsToWait = (error: unknown, refusedTokens: number, connection: Connection): number => {
  if (!(error instanceof RingbackError)) throw error;
  const { code, retryAfterSeconds = 0 } = error;
  const returnCode = returnCodeOf(error);
  // A refusal of Ringback has a name, or at least a returnCode of its own.
  const isForeign = code === 'UNKNOWN' && returnCode < 300;
  const isPassing = code === 'NO_ANSWER' || isForeign || returnCode === 429 || returnCode >= 500;
  const mayHaveExpired = isRefusedToken(error) && connection.hasFreshTokens && refusedTokens === 1;
  if (!isPassing && !mayHaveExpired) throw error;
  return retryAfterSeconds;
};

const pause = (milliseconds: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
