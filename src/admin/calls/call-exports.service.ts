/**
 * Calls as a file without an end. A part is read when the client has taken the one before the last, so a slow client holds neither
 * memory nor a connection to the database.
 */
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import { mayReadNumbers } from '../../auth/access.js';
import type { Principal } from '../../auth/access-token.js';
import { CallSearchService } from '../../call/search/call-search.service.js';
import type { ShownCall } from '../../call/search/call-view.js';
import { Draining } from '../../common/draining.js';
import { AppError } from '../../common/error-table.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { withoutNumbers } from '../../common/masked-numbers.js';
import { nextTurn } from '../../common/next-turn.js';
import { sendFile } from '../csv-file.js';
import type { CallFile } from './call-files.js';
import type { CallFilterQuery } from './call-query.js';

/** Each keeps a megabyte, and a connection to the database for a part of the time. */
export const EXPORTS_AT_ONCE = 4;
const RETRY_SECONDS = 10;

/** These take a few milliseconds to write, if their numbers are masked. Then other requests get a turn. */
const LINES_A_TURN = 25;

export interface ExportRequest {
  readonly query: CallFilterQuery;
  readonly file: CallFile;
  readonly author: Author;
  readonly caller: Principal;
}

/** How far an export has come. */
interface Progress {
  rows: number;
}

@Injectable()
export class CallExports implements BeforeApplicationShutdown {
  private running = 0;
  private readonly notes = new Set<Promise<void>>();

  constructor(
    private readonly search: CallSearchService,
    private readonly audit: AuditTrail,
    private readonly draining: Draining,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.notes);
  }

  /**
   * Takes over the reply. If the client leaves, the process stops, or the API key or the session of the desk ends, the response is cut: it lacks its last chunk.
   * @throws AppError that names each invalid parameter; TOO_MANY_EXPORTS
   */
  async send(request: ExportRequest, reply: FastifyReply): Promise<void> {
    const { query, file, author, caller } = request;
    const stop = new AbortController();
    const parts = this.search.all(query, stop.signal);
    if (this.running >= EXPORTS_AT_ONCE) {
      throw new AppError('TOO_MANY_EXPORTS', {
        detail: `A replica runs ${EXPORTS_AT_ONCE} exports at a time.`,
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    const { raw } = reply;
    if (raw.destroyed) return;
    this.running++;
    const closed = new Promise<void>((resolve) => raw.once('close', resolve));
    const cut = (): void => {
      raw.destroy();
    };
    const ends = [this.draining.signal, ...(caller.ended ? [caller.ended] : [])];
    for (const end of ends) end.addEventListener('abort', cut);
    void closed.then(() => {
      this.running--;
      stop.abort(new AppError('UNAVAILABLE'));
      for (const end of ends) end.removeEventListener('abort', cut);
    });

    // Before the response begins, so that a failure of the database is an error and no file.
    const { value: first = [] } = await parts.next();
    const note = await this.audit.export(author, { query, format: file.name });
    const progress: Progress = { rows: 0 };
    this.keep(closed.then(() => note({ outcome: raw.writableFinished ? 'complete' : 'broken_off', ...progress })));
    if (stop.signal.aborted) return;
    const lines = this.lines(request, continued(first, parts), progress, stop.signal);
    sendFile(reply, file, lines);
    if (ends.some(({ aborted }) => aborted)) cut();
  }

  /** A process that stops waits for them. */
  private keep(note: Promise<void>): void {
    this.notes.add(note);
    void note.finally(() => this.notes.delete(note));
  }

  private async *lines(
    { file, caller }: ExportRequest,
    parts: AsyncIterable<readonly ShownCall[]>,
    progress: Progress,
    stop: AbortSignal,
  ): AsyncGenerator<string> {
    const shown = mayReadNumbers(caller) ? (call: ShownCall) => call : masked;
    if (file.head !== '') yield file.head;
    try {
      for await (const calls of parts) {
        let text = '';
        for (const [index, call] of calls.entries()) {
          if (index % LINES_A_TURN === 0) await nextTurn();
          text += file.line(shown(call));
        }
        progress.rows += calls.length;
        yield text;
      }
    } catch (error) {
      // The client has got a part, and sees that its response is not complete.
      if (!stop.aborted) this.logger.warn({ error }, 'an export of calls was broken off');
      throw error;
    }
  }
}

async function* continued<T>(first: readonly T[], more: AsyncIterable<readonly T[]>): AsyncGenerator<readonly T[]> {
  if (first.length > 0) yield first;
  yield* more;
}

const masked = (call: ShownCall): ShownCall => {
  const { requestedAt, ringingAt, answeredAt, endedAt } = call;
  return { ...withoutNumbers(call), requestedAt, ringingAt, answeredAt, endedAt };
};
