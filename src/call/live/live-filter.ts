/** Which live calls a desk watches: the filters of the search that make sense for them. */
import { Inject, Injectable } from '@nestjs/common';
import { isLong } from '../../common/long.js';
import { CONFIG, type Config } from '../../config/config.js';
import type { ShownCall } from '../search/call-view.js';
import { checkedFilter, type SoughtCalls } from '../search/sought-calls.js';
import { ExternalIds } from '../updates/external-ids.js';

export interface LiveFilter extends Omit<SoughtCalls, 'endReason' | 'open' | 'completed'> {
  readonly serviceLineId?: string | undefined;
}

export interface LiveCondition {
  /** By the record as it is now. */
  matches(call: ShownCall): boolean;
  /** By what a call never changes. If false, the call has never matched and never will. */
  mayMatch(call: ShownCall): boolean;
}

@Injectable()
export class LiveFilters {
  constructor(
    private readonly externalIds: ExternalIds,
    @Inject(CONFIG) private readonly config: Pick<Config, 'phoneRegion'>,
  ) {}

  /** @throws AppError that names each invalid parameter */
  async conditionOf(filter: LiveFilter): Promise<LiveCondition> {
    const { phone, serviceLineId, provider, stateType, from, to } = checkedFilter(filter, this.config.phoneRegion);
    const [userId, callerId, calleeId] = await Promise.all(
      [filter.userId, filter.callerId, filter.calleeId].map((user) => this.idOf(user)),
    );
    const states = stateType?.map(String);
    const mayMatch = (call: ShownCall): boolean =>
      (userId === undefined || call.callerId === userId || call.calleeId === userId) &&
      (callerId === undefined || call.callerId === callerId) &&
      (calleeId === undefined || call.calleeId === calleeId) &&
      (serviceLineId === undefined || call.serviceLineId === serviceLineId) &&
      (from === undefined || call.requestedAt >= from) &&
      (to === undefined || call.requestedAt < to);
    return {
      mayMatch,
      // A hunt rings the next phone of the line, a fail-over asks the next provider.
      matches: (call) =>
        mayMatch(call) &&
        (phone === undefined || call.callerPhone === phone || call.calleePhone === phone) &&
        (provider === undefined || call.provider === provider) &&
        (states?.includes(call.stateType) ?? true),
    };
  }

  /** If nobody has the external id, no call matches. */
  private async idOf(user: string | undefined): Promise<string | undefined> {
    if (user === undefined || isLong(user)) return user;
    return (await this.externalIds.read(user)) ?? 'nobody';
  }
}
