/**
 * Decides whose hints are accepted. PostgreSQL lets every role that may connect notify on every channel, even a role
 * that may read no table. So only hints from a session of our own role count. An unknown sender is looked up, and its
 * first hint is dropped: the next look finds the change.
 */
import { LRUCache } from 'lru-cache';
import type { AskInSession } from './change-look.js';

const MAX_SENDERS = 1_000;
/** After this time the process id may belong to another role. */
const KNOWN_FOR_MS = 60_000;
const LOOKED_UP_AT_ONCE = 5;

const IS_OURS = `select usename = session_user as "isOurs" from pg_stat_activity where pid = $1`;

export class HintSenders {
  private readonly known = new LRUCache<number, boolean>({ max: MAX_SENDERS, ttl: KNOWN_FOR_MS });
  private readonly lookedUp = new Set<number>();

  constructor(private readonly ask: AskInSession) {}

  /** @param processId of the server process that sent the notification */
  isOurs(processId: number): boolean {
    const known = this.known.get(processId);
    if (known === undefined) void this.lookUp(processId);
    return known ?? false;
  }

  private async lookUp(processId: number): Promise<void> {
    if (this.lookedUp.has(processId) || this.lookedUp.size >= LOOKED_UP_AT_ONCE) return;
    this.lookedUp.add(processId);
    try {
      const { rows } = await this.ask<{ isOurs: boolean }>({ name: 'hint-sender', text: IS_OURS, values: [processId] });
      const [sender] = rows;
      if (sender) this.known.set(processId, sender.isOurs);
    } catch {
      // The connection has reported the error.
    } finally {
      this.lookedUp.delete(processId);
    }
  }
}
