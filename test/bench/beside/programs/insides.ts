/**
 * Loaded before our service when the bench measures its memory and resources. It answers over the IPC channel of the process
 * that started it, and does nothing until it is asked.
 */
import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { queryObjects } from 'node:v8';

export interface Insides {
  readonly residentBytes: number;
  /** Heap size after a garbage collection. */
  readonly heapBytes: number;
  /** Resources that keep the process alive, for example { Timeout: 2, TCPSocketWrap: 11 }. */
  readonly resources: Readonly<Record<string, number>>;
  readonly warnings: readonly string[];
}

/** Counts of live objects that can have listeners. */
export interface Held {
  readonly emitters: number;
  readonly signals: number;
}

export type Question = 'insides' | 'held';

const warnings: string[] = [];
process.on('warning', ({ name, message }) => warnings.push(`${name}: ${message}`));

const lookInside = async (): Promise<Insides> => {
  // The second collection frees what finalizers have released. The service continues between the two.
  for (let turn = 0; turn < 2; turn++) {
    globalThis.gc?.();
    await nextTurn();
  }
  const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  return { residentBytes, heapBytes, resources, warnings };
};

/** Blocks the service for up to a second, so it is used only while the service is idle. */
const countHeld = async (): Promise<Held> => {
  const emitters = queryObjects(EventEmitter, { format: 'count' });
  await nextTurn();
  return { emitters, signals: queryObjects(AbortSignal, { format: 'count' }) };
};

process.on('message', (question: Question) => {
  void (question === 'held' ? countHeld() : lookInside()).then((answer) => process.send?.(answer));
});
process.channel?.unref();
