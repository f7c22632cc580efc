/**
 * Loaded before our service where the bench wants to know what is inside of it. It answers over the channel to the process
 * that started it, and does nothing until it is asked.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

export interface Insides {
  readonly residentBytes: number;
  /** After a collection of garbage. */
  readonly heapBytes: number;
  /** What can hold listeners and is still held itself. */
  readonly emitters: number;
  readonly signals: number;
  /** What keeps the process alive, as in { Timeout: 2, TCPSocketWrap: 11 }. */
  readonly resources: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

const warnings: string[] = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

/** Between two steps the service goes on: being held up for all of them, it would take the database for dead. */
const look = async (): Promise<Insides> => {
  // What a finalizer lets go of is collected the second time.
  for (let turn = 0; turn < 2; turn++) {
    globalThis.gc?.();
    await nextTurn();
  }
  const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
  const emitters = queryObjects(EventEmitter, { format: 'count' });
  await nextTurn();
  const signals = queryObjects(AbortSignal, { format: 'count' });
  await nextTurn();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { residentBytes, heapBytes, emitters, signals, resources, warnings };
};

process.on('message', () => {
  void look().then((insides) => process.send?.(insides));
});
process.channel?.unref();
