const WORDS: Readonly<Record<string, string>> = { '1': 'requested', '2': 'ringing', '3': 'answered', '4': 'over' };

/** The state of a call, as sent by the service. */
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
 * One line that grows with the call: `requested 2.1 s  ringing 4.0 s  answered 9.9 s  over (completed)`. It is shorter
 * than the 80 columns of a terminal, because a wrapped line cannot be redrawn in place.
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

  /** Without a terminal, the line is written once, now. */
  finish(): void {
    this.out.write(this.out.isTTY ? '\n' : `${this.text()}\n`);
  }

  /** Called also between changes, because the seconds continue. */
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
