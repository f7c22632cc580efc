import { AppError } from '../common/error-table.js';
import { startLimit } from '../common/time-limit.js';

const RETRY_SECONDS = 5;

/** Lets a limited number of works run at a time. The others wait in their order, for a limited time. */
export class Places {
  private readonly waiting = new Set<() => void>();

  constructor(
    private free: number,
    private readonly longestWaitMs: number,
  ) {}

  /** @throws AppError UNAVAILABLE if no place gets free in time; then the work has not begun */
  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const endLimit = startLimit(this.longestWaitMs, () => {
        this.waiting.delete(enter);
        const cause = new Error('the entries before this one take too long');
        reject(new AppError('UNAVAILABLE', { cause, retryAfterSeconds: RETRY_SECONDS }));
      });
      const enter = () => {
        endLimit();
        resolve();
      };
      this.waiting.add(enter);
    });
  }

  /** The next one gets the place. */
  private leave(): void {
    const [next] = this.waiting;
    if (next) {
      this.waiting.delete(next);
      next();
    } else {
      this.free += 1;
    }
  }
}
