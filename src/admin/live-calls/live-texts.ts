/** The text of each call and each change, made once for all desks that see numbers, and once for all that do not. */
import type { LiveChange, LiveChanges } from '../../call/live/live-calls.service.js';
import type { ShownCall } from '../../call/search/call-view.js';
import { withoutNumbers } from '../../common/masked-numbers.js';
import { mapInTurns } from '../../common/next-turn.js';

class TextsOf<T extends object, Text = string> {
  private readonly whole = new WeakMap<T, Text>();
  private readonly masked = new WeakMap<T, Text>();

  constructor(private readonly make: (item: T, isMasked: boolean) => Text) {}

  of(item: T, isMasked: boolean): Text {
    const texts = isMasked ? this.masked : this.whole;
    const known = texts.get(item);
    if (known !== undefined) return known;
    const text = this.make(item, isMasked);
    texts.set(item, text);
    return text;
  }
}

const ofCalls = new TextsOf<ShownCall>((call, isMasked) => JSON.stringify(isMasked ? withoutNumbers(call) : call));

const ofChanges = new TextsOf<LiveChange>(({ bytes, change, call }, isMasked) =>
  isMasked ? JSON.stringify(withoutNumbers({ change, call })) : `{"change":${bytes},"call":${ofCalls.of(call, false)}}`,
);

/** There may be thousands. */
const inTurns = async <T extends object>(items: readonly T[], isMasked: boolean, texts: TextsOf<T>): Promise<string> =>
  (await mapInTurns(items, (item) => texts.of(item, isMasked))).join(',');

/** All changes of a look, for desks without a filter. */
const ofAllChanges = new TextsOf<LiveChanges, Promise<string>>(({ changes }, isMasked) =>
  inTurns(changes, isMasked, ofChanges),
);

export const textOfCalls = (calls: readonly ShownCall[], isMasked: boolean): Promise<string> =>
  inTurns(calls, isMasked, ofCalls);
export const textOfChanges = (changes: readonly LiveChange[], isMasked: boolean): Promise<string> =>
  inTurns(changes, isMasked, ofChanges);
export const textOfAllChanges = (item: LiveChanges, isMasked: boolean): Promise<string> =>
  ofAllChanges.of(item, isMasked);
