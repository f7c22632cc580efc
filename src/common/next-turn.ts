/**
 * For long work in steps: other requests get a turn between two of them. Node runs all waiting immediates before it reads the
 * next request, so ten lists at once would take ten steps between two requests. Here, one of them takes a step.
 */
import { setImmediate } from 'node:timers/promises';

let last = Promise.resolve();

export const nextTurn = (): Promise<void> => {
  last = last.then(() => setImmediate());
  return last;
};

const TURN_MS = 5;

/** A turn of work whose steps take differently long. */
export class Turn {
  private begunAt = performance.now();

  get isOver(): boolean {
    return performance.now() - this.begunAt >= TURN_MS;
  }

  async next(): Promise<void> {
    await nextTurn();
    this.begunAt = performance.now();
  }
}
