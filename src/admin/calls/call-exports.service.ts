/**
 * Calls as a file without an end. A part is read when the client has taken the one before the last, so a slow client holds neither
 * memory nor a connection to the database.
 */
import { Readable } from 'node:stream';
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

type Parts = AsyncGenerator<readonly ShownCall[], undefined>;

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
   * Takes over the reply. If the client leaves, the process stops or the API key ends, the response is cut: it lacks its last chunk.
   * @throws AppError that names each invalid parameter; TOO_MANY_EXPORTS
   */
  async send(request: ExportRequest, reply: FastifyReply): Promise<void> {
    const stop = new AbortController();
    const parts = this.search.all(request.query, stop.signal);
    if (this.running >= EXPORTS_AT_ONCE) {
      throw new AppError('TOO_MANY_EXPORTS', {
        detail: `A replica runs ${EXPORTS_AT_ONCE} exports at a time.`,
        retryAfterSeconds: RETRY_SECONDS,
      });
    }
    this.running++;
    try {
      // Before the response begins, so that a failure of the database is an error and no file.
      const first = await parts.next();
      const { query, file, author } = request;
      const note = await this.audit.export(author, { query, format: file.name });
      this.begin(request, reply, { parts, first: first.value ?? [], note, stop });
    } catch (error) {
      this.running--;
      throw error;
    }
  }

  private begin(
    request: ExportRequest,
    reply: FastifyReply,
    { parts, first, note, stop }: {
      readonly parts: Parts;
      readonly first: readonly ShownCall[];
      readonly note: (outcome: { readonly outcome: string; readonly rows: number }) => Promise<void>;
      readonly stop: AbortController;
    },
  ): void {
    const { raw } = reply;
    const progress: Progress = { rows: 0 };
    const ends = [this.draining.signal, ...(request.caller.apiKey ? [request.caller.apiKey.ended] : [])];
    const cut = (): void => {
      raw.destroy();
    };
    const settle = (): void => {
      this.running--;
      stop.abort();
      for (const end of ends) end.removeEventListener('abort', cut);
      const noted = note({ outcome: raw.writableFinished ? 'complete' : 'broken_off', rows: progress.rows });
      this.notes.add(noted);
      void noted.finally(() => this.notes.delete(noted));
    };
    if (raw.destroyed) {
      settle();
      return;
    }
    raw.once('close', settle);
    for (const end of ends) end.addEventListener('abort', cut);
    const { name, type } = request.file;
    const lines = this.lines(request, { parts, first, progress, stop: stop.signal });
    void reply
      .type(type)
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(Readable.from(lines));
    if (ends.some(({ aborted }) => aborted)) cut();
  }

  private async *lines(
    { file, caller }: ExportRequest,
    { parts, first, progress, stop }: {
      readonly parts: Parts;
      readonly first: readonly ShownCall[];
      readonly progress: Progress;
      readonly stop: AbortSignal;
    },
  ): AsyncGenerator<string> {
    const shown = mayReadNumbers(caller) ? (call: ShownCall) => call : masked;
    if (file.head !== '') yield file.head;
    try {
      for (let calls: readonly ShownCall[] | undefined = first; calls; calls = (await parts.next()).value) {
        let text = '';
        for (const [index, call] of calls.entries()) {
          if (index % LINES_A_TURN === 0) await nextTurn();
          text += file.line(shown(call));
        }
        progress.rows += calls.length;
        if (text !== '') yield text;
      }
    } catch (error) {
      // The client has got a part, and sees that its response is not complete.
      if (!stop.aborted) this.logger.warn({ error }, 'an export of calls was broken off');
      throw error;
    }
  }
}

const masked = (call: ShownCall): ShownCall => {
  const { requestedAt, ringingAt, answeredAt, endedAt } = call;
  return { ...withoutNumbers(call), requestedAt, ringingAt, answeredAt, endedAt };
};
