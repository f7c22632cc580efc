/** Files are sent as fast as a client reads, so for hours. Meanwhile their reader may lose access. */
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../auth/access-token.js';
import { BlockedUsers } from '../call/updates/blocked-users.js';
import { AppError } from '../common/error-table.js';

/** The longest that a timer takes. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Reader {
  readonly subject: string;
  readonly cut: () => void;
}

@Injectable()
export class LastingResponses {
  private readonly readers = new Set<Reader>();

  constructor(private readonly blocked: BlockedUsers) {
    blocked.observe((userId) => {
      for (const { subject, cut } of this.readers) if (subject === userId) cut();
    });
  }

  /**
   * Cuts the response when the user is blocked, or the token, the API key or the session of the desk ends: it lacks its last chunk.
   * @param ends likewise when one of these aborts
   * @throws AppError USER_BLOCKED
   */
  watch({ subject, ended, expiresAt }: Principal, { raw }: FastifyReply, ends: readonly AbortSignal[] = []): void {
    if (this.blocked.has(subject)) throw new AppError('USER_BLOCKED');
    if (raw.destroyed) return;
    const cut = (): void => {
      raw.destroy();
    };
    const reader = { subject, cut };
    const signals = ended ? [ended, ...ends] : ends;
    this.readers.add(reader);
    for (const signal of signals) signal.addEventListener('abort', cut);
    const expiry = setTimeout(cut, Math.min(expiresAt - Date.now(), LONGEST_TIMER_MS));
    raw.once('close', () => {
      clearTimeout(expiry);
      this.readers.delete(reader);
      for (const signal of signals) signal.removeEventListener('abort', cut);
    });
    if (signals.some(({ aborted }) => aborted)) cut();
  }
}
