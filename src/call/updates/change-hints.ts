/**
 * Hints to the other replicas: the bytes of committed changes, many of them in one separate transaction. A hint saves
 * the other replicas the wait for their next look. A lost hint costs only that wait.
 * PostgreSQL holds one lock for all transactions that notify, until they are flushed to disk. So the transaction that
 * makes a change must not notify: otherwise all changes of all replicas would be committed one after the other.
 */
import type { AskInSession } from './change-look.js';
import { CALL_CHANGED_CHANNEL } from '../record/call-change.js';

const CHANGES_A_HINT = 500;
/** PostgreSQL refuses a longer notification, and with it all hints of the statement. The next look finds the change. */
const LONGEST_HINT_BYTES = 7_999;
/** Beyond this limit hints are dropped, and the next look finds the changes. */
const MAX_WAITING = 10_000;

const NOTIFY = `select pg_notify('${CALL_CHANGED_CHANNEL}', change) from unnest($1::text[]) as change`;

export class ChangeHints {
  private waiting: string[] = [];
  private sending: Promise<void> | undefined;

  constructor(private readonly ask: AskInSession) {}

  /** Changes that arrive during a send share the next one. */
  give(bytes: string): void {
    if (this.waiting.length >= MAX_WAITING || Buffer.byteLength(bytes) > LONGEST_HINT_BYTES) return;
    this.waiting.push(bytes);
    this.sending ??= this.send().finally(() => {
      this.sending = undefined;
    });
  }

  drop(): void {
    this.waiting = [];
  }

  async settled(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    // Changes of one turn of the event loop are sent together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const changes = this.waiting.splice(0, CHANGES_A_HINT);
      try {
        await this.ask({ name: 'hint', text: NOTIFY, values: [changes] });
      } catch {
        // The connection has reported the error and reconnects.
        this.drop();
      }
    }
  }
}
