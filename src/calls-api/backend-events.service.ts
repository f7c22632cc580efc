import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Principal } from '../auth/access-token.js';
import { CallUpdates } from '../call/call-updates.service.js';
import { PlacedCallsService } from '../call/search/placed-calls.service.js';
import type { FollowedCall } from '../call/updates/event-stream.js';
import { BlockedUsers } from '../call/updates/blocked-users.js';
import { longPollOf } from '../call/updates/long-poll.js';
import { WaitingClients } from '../call/updates/waiting-clients.js';
import { Draining } from '../common/draining.js';
import { AppError } from '../common/error-table.js';

/** Of one subject in a process. A backend that follows more calls has webhooks. */
export const WAITING_OF_A_BACKEND = 50;

type Told =
  /** Of a long poll. */
  | { readonly kind: 'changes'; readonly body: string }
  | { readonly kind: 'stream'; readonly call: FollowedCall; readonly stops: readonly AbortSignal[] };

@Injectable()
export class BackendEvents {
  constructor(
    private readonly placed: PlacedCallsService,
    private readonly updates: CallUpdates,
    private readonly waiting: WaitingClients,
    private readonly blocked: BlockedUsers,
    private readonly draining: Draining,
  ) {}

  /** As a stream, or as a long poll where the query has one of its parameters. */
  async follow(
    callSid: string,
    caller: Principal,
    { query, last }: { readonly query: Readonly<Record<string, unknown>>; readonly last: number | null },
    reply: FastifyReply,
  ): Promise<Told> {
    const wish = longPollOf(query);
    const { callerId } = (await this.placed.find(callSid, caller.subject)).call;
    const gone = this.waiting.enterWithProblems(caller, reply, WAITING_OF_A_BACKEND);
    if (!wish) {
      return {
        kind: 'stream',
        call: await this.updates.follow(callSid, callerId, last),
        stops: [gone, this.draining.signal],
      };
    }
    const { state, changes } = await this.updates.longPoll(callSid, callerId, wish.seen, wish.waitSeconds, gone);
    // The wait may have ended because the subject was blocked.
    if (this.blocked.has(caller.subject)) throw new AppError('USER_BLOCKED');
    // The changes go out as the bytes they are.
    return { kind: 'changes', body: `{"stateType":"${state}","changes":[${changes.join(',')}]}` };
  }
}
