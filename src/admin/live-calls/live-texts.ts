/** The text of each call and each change, made once for all desks that see numbers, and once for all that do not. */
import type { LiveChange, LiveChanges } from '../../call/live/live-calls.service.js';
import type { ShownCall } from '../../call/search/call-view.js';
import { withMaskedNumbers } from '../bundle/masked-numbers.js';

class TextsOf<T extends object> {
  private readonly whole = new WeakMap<T, string>();
  private readonly masked = new WeakMap<T, string>();

  constructor(private readonly make: (item: T, isMasked: boolean) => string) {}

  of(item: T, isMasked: boolean): string {
    const texts = isMasked ? this.masked : this.whole;
    const known = texts.get(item);
    if (known !== undefined) return known;
    const text = this.make(item, isMasked);
    texts.set(item, text);
    return text;
  }
}

const phonesOf = ({ callerPhone, calleePhone }: ShownCall): string[] => [callerPhone, calleePhone];

const ofCalls = new TextsOf<ShownCall>((call, isMasked) =>
  JSON.stringify(isMasked ? withMaskedNumbers(call, phonesOf(call)) : call),
);

const ofChanges = new TextsOf<LiveChange>(({ bytes, change, call }, isMasked) =>
  isMasked
    ? JSON.stringify(withMaskedNumbers({ change, call }, phonesOf(call)))
    : `{"change":${bytes},"call":${ofCalls.of(call, false)}}`,
);

/** All changes of a look, for desks without a filter. */
const ofAllChanges = new TextsOf<LiveChanges>(({ changes }, isMasked) =>
  changes.map((change) => ofChanges.of(change, isMasked)).join(','),
);

export const textOfCall = (call: ShownCall, isMasked: boolean): string => ofCalls.of(call, isMasked);
export const textOfChange = (change: LiveChange, isMasked: boolean): string => ofChanges.of(change, isMasked);
export const textOfAllChanges = (item: LiveChanges, isMasked: boolean): string => ofAllChanges.of(item, isMasked);
