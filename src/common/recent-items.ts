interface Item<T> {
  readonly callSid: string;
  readonly item: T;
  readonly weight: number;
}

/** How many removed items stay in the array before it is compacted. */
const SLACK = 1_000;

/** The latest items of this process, each about a call. The oldest ones make room, so memory has a bound. */
export class RecentItems<T> {
  private items: (Item<T> | undefined)[] = [];
  /** All before it were removed. */
  private first = 0;
  private weight = 0;

  /** @param maxWeight of all items together */
  constructor(private readonly maxWeight: number) {}

  add(callSid: string, item: T, weight = 1): void {
    this.items.push({ callSid, item, weight });
    this.weight += weight;
    while (this.weight > this.maxWeight) {
      this.weight -= this.items[this.first]?.weight ?? 0;
      // At once, because until the array is compacted they may weigh many times the bound.
      this.items[this.first++] = undefined;
    }
    if (this.first > SLACK && this.first > this.items.length / 2) {
      this.items = this.items.slice(this.first);
      this.first = 0;
    }
  }

  /** Oldest first. */
  of(callSid: string): T[] {
    const found: T[] = [];
    for (let index = this.first; index < this.items.length; index++) {
      const one = this.items[index];
      if (one?.callSid === callSid) found.push(one.item);
    }
    return found;
  }
}
