/** Opens the stream of live calls for one desk. */
import { setMaxListeners } from 'node:events';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Author } from '../../audit/audit-entry.entity.js';
import { AuditTrail } from '../../audit/audit-trail.service.js';
import type { Principal } from '../../auth/access-token.js';
import { LiveCalls } from '../../call/live/live-calls.service.js';
import { LiveFilters, type LiveFilter } from '../../call/live/live-filter.js';
import { readPosition } from '../../call/live/live-position.js';
import { WaitingClients } from '../../call/updates/waiting-clients.js';
import { Draining } from '../../common/draining.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { mayReadNumbers } from '../../auth/access.js';
import { DeskView } from './desk-view.js';
import { sendLiveCalls } from './send-live-calls.js';

/** Of one subject in a process: the tabs of a desk, or the desks of an API key. */
export const DESKS_AT_ONCE = 50;

@Injectable()
export class LiveCallsStreams {
  constructor(
    private readonly live: LiveCalls,
    private readonly filters: LiveFilters,
    private readonly waiting: WaitingClients,
    private readonly draining: Draining,
    private readonly audit: AuditTrail,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @param lastEventId of the stream that the client has lost */
  async open(
    filter: LiveFilter,
    lastEventId: string | undefined,
    { caller, author }: { readonly caller: Principal; readonly author: Author },
    reply: FastifyReply,
  ): Promise<void> {
    const condition = await this.filters.conditionOf(filter);
    const isMasked = !mayReadNumbers(caller);
    if (!isMasked) await this.audit.read(author, Promise.resolve(), () => ({ detail: { query: filter } }));
    const gone = this.waiting.enterWithProblems(caller, reply, DESKS_AT_ONCE);
    const stop = new AbortController();
    // Waits for changes and for the client listen in turn.
    setMaxListeners(0, stop.signal);
    const end = (): void => {
      stop.abort();
    };
    const stops = [gone, this.draining.signal];
    for (const signal of stops) signal.addEventListener('abort', end);
    if (stops.some(({ aborted }) => aborted)) end();
    const isFiltered = Object.values(filter).some((value) => value !== undefined);
    const after = lastEventId === undefined || lastEventId === '' ? null : (readPosition(lastEventId) ?? undefined);
    const view = new DeskView({ isMasked, condition: isFiltered ? condition : null, isResumed: Boolean(after) });
    const items = this.live.watch(after, stop.signal);
    try {
      await sendLiveCalls(reply, view, items, { stop: stop.signal, end, expiresAt: caller.expiresAt });
    } catch (error) {
      if (!reply.sent) throw error;
      this.logger.warn({ error }, 'a stream of live calls was cut');
    } finally {
      for (const signal of stops) signal.removeEventListener('abort', end);
    }
  }
}
