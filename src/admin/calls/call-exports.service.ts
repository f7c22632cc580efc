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
import { mapInTurns } from '../../common/next-turn.js';
import { sendFile } from '../csv-file.js';
import { LastingResponses } from '../lasting-responses.js';
import type { CallFile } from './call-files.js';
import type { CallFilterQuery } from './call-query.js';

/** Each keeps a megabyte, and a connection to the database for a part of the time. */
export const EXPORTS_AT_ONCE = 4;
/** One who reads slowly must not keep all others out. */
export const EXPORTS_OF_ONE = 2;
const RETRY_SECONDS = 10;

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
  /** Whose they are. */
  private readonly running: string[] = [];
  private readonly notes = new Set<Promise<void>>();

  constructor(
    private readonly search: CallSearchService,
    private readonly audit: AuditTrail,
    private readonly lasting: LastingResponses,
    private readonly draining: Draining,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.notes);
  }

  /**
   * Takes over the reply. If the client leaves, the process stops, or the caller loses access, the response is cut: it lacks its last chunk.
   * @throws AppError that names each invalid parameter; TOO_MANY_EXPORTS
   */
  async send(request: ExportRequest, reply: FastifyReply): Promise<void> {
    const { query, file, author, caller } = request;
    const stop = new AbortController();
    const parts = this.search.all(query, stop.signal);
    this.requirePlace(caller.subject);
    const { raw } = reply;
    if (raw.destroyed) return;
    const closed = new Promise<void>((resolve) => raw.once('close', resolve));
    this.lasting.watch(caller, reply, [this.draining.signal]);
    this.running.push(caller.subject);
    void closed.then(() => {
      this.running.splice(this.running.indexOf(caller.subject), 1);
      stop.abort(new AppError('UNAVAILABLE'));
    });

    // Before the response begins, so that a failure of the database is an error and no file.
    const { value: first = [] } = await parts.next();
    const note = await this.audit.export(author, { query, format: file.name });
    const progress: Progress = { rows: 0 };
    this.keep(closed.then(() => note({ outcome: raw.writableFinished ? 'complete' : 'broken_off', ...progress })));
    if (stop.signal.aborted) return;
    const lines = this.lines(request, continued(first, parts), progress, stop.signal);
    sendFile(reply, file, lines);
  }

  /** @throws AppError TOO_MANY_EXPORTS */
  private requirePlace(subject: string): void {
    const own = this.running.filter((one) => one === subject);
    if (this.running.length < EXPORTS_AT_ONCE && own.length < EXPORTS_OF_ONE) return;
    throw new AppError('TOO_MANY_EXPORTS', {
      detail: `A replica runs ${EXPORTS_AT_ONCE} exports at a time, and ${EXPORTS_OF_ONE} of one subject.`,
      retryAfterSeconds: RETRY_SECONDS,
    });
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
        const lines = await mapInTurns(calls, (call) => file.line(shown(call)));
        progress.rows += calls.length;
        yield lines.join('');
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
