/** Reads server-sent events (WHATWG HTML, 9.2) from the body of a fetch, as far as the service uses them. */

export interface StreamEvent {
  readonly name: string;
  /** Absent where the event does not say where the stream can be resumed. */
  readonly id?: string;
  /** JSON; absent for a position alone, and for a sign of life. */
  readonly data?: string;
}

/** @throws the error of the connection */
export async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<StreamEvent, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) yield eventOf(block);
    }
  } finally {
    // Also when the reader of the events stops early: the connection is released.
    await reader.cancel().catch(() => undefined);
  }
}

const eventOf = (block: string): StreamEvent => {
  let name = 'message';
  let id: string | undefined;
  let data: string | undefined;
  for (const line of block.split('\n')) {
    const colon = line.indexOf(': ');
    const value = line.slice(colon + 2);
    const field = line.slice(0, colon);
    if (field === 'event') name = value;
    else if (field === 'id') id = value;
    else if (field === 'data') data = data === undefined ? value : `${data}\n${value}`;
  }
  return { name, ...(id !== undefined && { id }), ...(data !== undefined && { data }) };
};
