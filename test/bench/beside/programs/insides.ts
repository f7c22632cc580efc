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
  /** What keeps the process alive, as in { Timeout: 2, TCPSocketWrap: 11 }. */
  readonly resources: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/** Objects that are still held and can hold listeners. */
export interface Held {
  readonly emitters: number;
  readonly signals: number;
}

export type Question = 'insides' | 'held';

const warnings: string[] = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

const lookInside = async (): Promise<Insides> => {
  // What a finalizer lets go of is collected the second time. Between the two the service goes on.
  for (let turn = 0; turn < 2; turn++) {
    globalThis.gc?.();
    await nextTurn();
  }
  const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { residentBytes, heapBytes, resources, warnings };
};

/** Takes up to a second in which the service does nothing else, and so is for times when it has nothing to do. */
const countHeld = async (): Promise<Held> => {
  const emitters = queryObjects(EventEmitter, { format: 'count' });
  await nextTurn();
  return { emitters, signals: queryObjects(AbortSignal, { format: 'count' }) };
};

process.on('message', (question: Question) => {
  void (question === 'held' ? countHeld() : lookInside()).then((answer) => process.send?.(answer));
});
process.channel?.unref();
