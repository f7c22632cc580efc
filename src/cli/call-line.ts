const WORDS: Readonly<Record<string, string>> = { '1': 'requested', '2': 'ringing', '3': 'answered', '4': 'over' };

/** What the service tells of a call's state. */
export interface CallState {
  readonly stateType: string;
  /** Null until the call is over. */
  readonly endReason: string | null;
}

interface Stay {
  readonly word: string;
  readonly since: number;
}

/**
 * One line that grows with the call: `requested 2.1 s  ringing 4.0 s  answered 9.9 s  over (completed)`. It never fills the 80 columns
 * of a terminal, for a line that has wrapped cannot be drawn again in its place.
 */
export class CallLine {
  private readonly stays: Stay[] = [];
  private reason: string | null = null;
  private cancel = false;
  private written = '';

  constructor(
    private readonly out: Pick<NodeJS.WriteStream, 'write' | 'isTTY'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get isOver(): boolean {
    return this.stays.at(-1)?.word === 'over';
  }

  /** Null until the call is over. */
  get endReason(): string | null {
    return this.reason;
  }

  show({ stateType, endReason }: CallState): void {
    this.reason = endReason;
    const word = WORDS[stateType] ?? stateType;
    if (this.stays.at(-1)?.word !== word) this.stays.push({ word, since: this.now() });
    this.draw();
  }

  canceling(): void {
    this.cancel = true;
    this.draw();
  }

  /** Where there is no terminal to redraw on, the line is written once, now. */
  finish(): void {
    this.out.write(this.out.isTTY ? '\n' : `${this.text()}\n`);
  }

  /** Also while nothing happens: the seconds go on. */
  draw(): void {
    const text = this.text();
    if (!this.out.isTTY || text === this.written) return;
    this.out.write(`\r\x1b[2K${text}`);
    this.written = text;
  }

  private text(): string {
    const steps = this.stays.map(({ word, since }, index) => {
      if (word === 'over') return this.reason ? `${word} (${this.reason})` : word;
      const until = this.stays[index + 1]?.since ?? this.now();
      return `${word} ${((until - since) / 1000).toFixed(1)} s`;
    });
    if (this.cancel && !this.isOver) steps.push('canceling …');
    return steps.join('  ');
  }
}
