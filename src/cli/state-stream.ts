/** A call's states as the service pushes them: server-sent events, resumed after the last one when the connection breaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallState } from './call-line.js';

const OVER = '4';
/** Before the connection is made anew. */
const PAUSE_MS = 250;

/** Three heartbeats of the service: a connection that has been silent for so long is dead. */
const SILENCE_LIMIT_MS = 45_000;
/** Characters. */
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

/** Ends with the connection, however that ends: whoever reads on opens another one. */
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
    // What undici says of a connection that broke.
    if (!(error instanceof TypeError)) throw error;
  }
}

async function* untilSilent(text: ReadableStream<string>, limitMs: number): AsyncGenerator<string> {
  const reader = text.getReader();
  let timer: NodeJS.Timeout | undefined;
  try {
    for (;;) {
      // Canceled, it reads as ended.
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
