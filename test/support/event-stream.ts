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

const eventIn = (block: string): StreamedEvent[] => {
  const [, id, bytes] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
  return id && bytes ? [{ id, bytes, change: JSON.parse(bytes) as CallChange }] : [];
};
