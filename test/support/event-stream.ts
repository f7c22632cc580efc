/** A client of the event stream that exposes every byte, and can be as slow as a test needs. */
import { once } from 'node:events';
import { get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { get as getSecurely } from 'node:https';
import type { CallChange } from '../../src/call/record/call-change.js';

export interface StreamedEvent {
  readonly id: string;
  readonly bytes: string;
  readonly change: CallChange;
}

export interface OpenStream {
  readonly response: IncomingMessage;
  readonly events: StreamedEvent[];
  /** All received text, comments included. */
  text(): string;
  /** Resolves when the server ends the stream; rejects when the connection is cut. */
  readonly ended: Promise<void>;
  close(): void;
}

/** @param authority the certificate of an https URL's authority */
export const openStream = async (
  url: string,
  headers: OutgoingHttpHeaders = {},
  authority?: string,
): Promise<OpenStream> => {
  const options = { headers, agent: false } as const;
  const request = authority === undefined ? get(url, options) : getSecurely(url, { ...options, ca: authority });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const events: StreamedEvent[] = [];
  let text = '';
  let rest = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    events.push(...blocks.flatMap(eventIn));
  });
  const ended = new Promise<void>((resolve, reject) => {
    response.once('end', resolve).once('error', reject);
  });
  ended.catch(() => undefined);
  return {
    response,
    events,
    text: () => text,
    ended,
    close() {
      request.destroy();
    },
  };
};

/**
 * As an EventSource: when the stream ends before the call does, as it may at any time, it goes on after the last event.
 * @param headers made for each connection
 */
export const followToTheEnd = async (
  url: string,
  headers: () => Promise<OutgoingHttpHeaders>,
  authority?: string,
): Promise<readonly StreamedEvent[]> => {
  const events: StreamedEvent[] = [];
  let ends = 0;
  while (events.at(-1)?.change.data.stateType !== '4') {
    const resumed = { ...(await headers()), 'last-event-id': events.at(-1)?.id ?? '0' };
    const stream = await openStream(url, resumed, authority);
    await stream.ended;
    expect(stream.response.statusCode).toBe(200);
    events.push(...stream.events);
    // A call has few changes. A stream that ends again and again would be asked for ever.
    if (++ends > 100) throw new Error(`the stream has ended ${ends} times, at last with ${stream.text()}`);
  }
  return events;
};

const eventIn = (block: string): StreamedEvent[] => {
  const [, id, bytes] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
  return id && bytes ? [{ id, bytes, change: JSON.parse(bytes) as CallChange }] : [];
};
