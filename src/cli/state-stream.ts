/** A call's states as the service pushes them: server-sent events, resumed after the last one when the connection breaks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallState } from './call-line.js';

const OVER = '4';
/** Before the connection is made anew. */
const PAUSE_MS = 250;

/** Opens the stream after the event with that id, or from the current state. */
export type OpenStream = (lastEventId: string | null) => Promise<ReadableStream<Uint8Array>>;

export async function* statesOf(open: OpenStream): AsyncGenerator<CallState> {
  let lastEventId: string | null = null;
  for (;;) {
    for await (const { id, state } of eventsIn(await open(lastEventId))) {
      lastEventId = id;
      yield state;
      if (state.stateType === OVER) return;
    }
    await sleep(PAUSE_MS);
  }
}

/** Ends with the connection, however that ends: whoever reads on opens another one. */
async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<{ id: string; state: CallState }> {
  let rest = '';
  try {
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
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
