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

/** For many items that take differently long. Those of a generator are made in turns too. */
export const mapInTurns = async <Item, Made>(items: Iterable<Item>, make: (item: Item) => Made): Promise<Made[]> => {
  const made: Made[] = [];
  let begunAt = performance.now();
  for (const item of items) {
    if (performance.now() - begunAt >= TURN_MS) {
      await nextTurn();
      begunAt = performance.now();
    }
    made.push(make(item));
  }
  return made;
};
