/** Reads server-sent events (WHATWG HTML, 9.2) from the body of a fetch, as far as Ringback uses them. */
import { noAnswer } from './connection.js';

/** Yields the data of each event, and null for a comment, which only says that the connection is alive. */
export async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<string | null, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw noAnswer(cause);
      });
      if (done) return;
      const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) yield dataOf(block);
    }
  } finally {
    // Also when the reader of the events stops early: the connection is released.
    await reader.cancel().catch(() => undefined);
  }
}

const dataOf = (block: string): string | null => {
  const lines = block.split('\n').filter((line) => line.startsWith('data:'));
  return lines.length === 0 ? null : lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
};
