/** Work that is done again and again, each time some while after the last time has ended. */
export class RepeatedWork {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private isEnded = false;
  private isFailing = false;

  /** @param onFailure is told the first time, and not again until the work has succeeded: an outage fills no log */
  constructor(
    private readonly everyMs: number,
    private readonly work: () => Promise<void>,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  get isStopped(): boolean {
    return this.isEnded;
  }

  start(): void {
    this.timer = setTimeout(() => {
      this.running = this.doOnce().finally(() => {
        if (!this.isEnded) this.start();
      });
    }, this.everyMs);
  }

  /** Resolves when the work that is running has ended. */
  async stop(): Promise<void> {
    this.isEnded = true;
    clearTimeout(this.timer);
    await this.running;
  }

  private async doOnce(): Promise<void> {
    try {
      await this.work();
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.onFailure(error);
      this.isFailing = true;
    }
  }
}
