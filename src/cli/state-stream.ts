/** The states of a call from server-sent events. After a lost connection the stream resumes after the last event. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallState } from './call-line.js';

const OVER = '4';
/** Pause before reconnecting. */
const PAUSE_MS = 250;

/** Three heartbeats of the service. A connection that is silent for longer is dead. */
const SILENCE_LIMIT_MS = 45_000;
/** In characters. */
const LONGEST_EVENT = 100_000;

/** Opens the stream after the event with that id, or from the current state. */
export type OpenStream = (lastEventId: string | null) => Promise<ReadableStream<Uint8Array>>;

export async function* statesOf(open: OpenStream, silenceLimitMs = SILENCE_LIMIT_MS): AsyncGenerator<CallState> {
  let lastEventId: string | null = null;
  for (;;) {
    for await (const { id, state } of eventsIn(await open(lastEventId), silenceLimitMs)) {
      lastEventId = id;
      yield state;
      if (state.stateType === OVER) return;
    }
    await sleep(PAUSE_MS);
  }
}

/** Ends when the connection ends, for any reason; the caller then opens another one. */
async function* eventsIn(
  body: ReadableStream<Uint8Array>,
  silenceLimitMs: number,
): AsyncGenerator<{ id: string; state: CallState }> {
  let rest = '';
  try {
    for await (const chunk of untilSilent(body.pipeThrough(new TextDecoderStream()), silenceLimitMs)) {
      if (rest.length > LONGEST_EVENT) throw new Error('An event of the stream is too long.');
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const [, id, data] = /^id: (\d+)\ndata: (.+)$/.exec(block) ?? [];
        if (id && data) yield { id, state: (JSON.parse(data) as { data: CallState }).data };
      }
    }
  } catch (error) {
    // undici's error for a broken connection.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function* untilSilent(text: ReadableStream<string>, limitMs: number): AsyncGenerator<string> {
  const reader = text.getReader();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      // A canceled reader reports the end of the stream.
      timer = setTimeout(() => void reader.cancel(), limitMs);
      const { done, value } = await reader.read();
      clearTimeout(timer);
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel();
  }
}
