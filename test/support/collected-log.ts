/** The lines of a service's log, for a test that reads them. */
import { PassThrough } from 'node:stream';

export interface CollectedLog {
  readonly stream: NodeJS.WritableStream;
  text(): string;
  lines(): Record<string, unknown>[];
}

export const collectedLog = (): CollectedLog => {
  const stream = new PassThrough();
  let written = '';
  stream.on('data', (chunk: Buffer) => (written += chunk.toString()));
  return {
    stream,
    text: () => written,
    lines: () =>
      written
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
};
