/** Which live calls a desk watches: the filters of the search that make sense for them. */
import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../../common/error-table.js';
import { isLong } from '../../common/long.js';
import { CONFIG, type Config } from '../../config/config.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { storedForm } from '../search/call-search.service.js';
import type { ShownCall } from '../search/call-view.js';
import { ExternalIds } from '../updates/external-ids.js';

export interface LiveFilter {
  /** The id or the external id of the caller or the callee. */
  readonly userId?: string | undefined;
  readonly callerId?: string | undefined;
  readonly calleeId?: string | undefined;
  readonly serviceLineId?: string | undefined;
  readonly provider?: string | undefined;
  /** The number of either leg, in any notation. */
  readonly phone?: string | undefined;
}

export type LiveCondition = (call: ShownCall) => boolean;

@Injectable()
export class LiveFilters {
  constructor(
    private readonly externalIds: ExternalIds,
    @Inject(CONFIG) private readonly config: Pick<Config, 'phoneRegion'>,
  ) {}

  /** @throws AppError for a phone that cannot be dialled */
  async conditionOf(filter: LiveFilter): Promise<LiveCondition> {
    const phone = filter.phone === undefined ? undefined : storedForm(filter.phone, this.config.phoneRegion);
    if (phone === null) throw new AppError('BAD_REQUEST', { faults: [{ where: '/phone', what: NOT_DIALABLE }] });
    const [userId, callerId, calleeId] = await Promise.all(
      [filter.userId, filter.callerId, filter.calleeId].map((user) => this.idOf(user)),
    );
    const { serviceLineId, provider } = filter;
    return (call) =>
      (userId === undefined || call.callerId === userId || call.calleeId === userId) &&
      (callerId === undefined || call.callerId === callerId) &&
      (calleeId === undefined || call.calleeId === calleeId) &&
      (serviceLineId === undefined || call.serviceLineId === serviceLineId) &&
      (provider === undefined || call.provider === provider) &&
      (phone === undefined || call.callerPhone === phone || call.calleePhone === phone);
  }

  /** If nobody has the external id, no call matches. */
  private async idOf(user: string | undefined): Promise<string | undefined> {
    if (user === undefined || isLong(user)) return user;
    return (await this.externalIds.read(user)) ?? 'nobody';
  }
}
