import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Fault } from '../../common/error-table.js';
import { nextTurn } from '../../common/next-turn.js';
import { CONFIG, type Config } from '../../config/config.js';
import { badCursor, type Page, type PageRequest } from '../../common/page.js';
import type { CallFilter } from './call-search-statement.js';
import { isCallSid } from '../record/call-sid.js';
import { searchCalls } from './search-calls.js';
import type { ShownCall } from './call-view.js';
import { checkedFilter, type SoughtCalls } from './sought-calls.js';

export type CallSearch = PageRequest & SoughtCalls;

/** Some milliseconds to read, and half a megabyte. */
const CALLS_A_PART = 500;

/** The calls of all users, newest first. */
@Injectable()
export class CallSearchService {
  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * A page may have fewer items than its limit, even none, and still a next cursor (search-calls.ts).
   * @throws AppError that names each invalid parameter
   */
  async find({ after, limit, ...search }: CallSearch): Promise<Page<ShownCall>> {
    const faults = after !== undefined && !isCallSid(after) ? badCursor().faults : [];
    return searchCalls(this.database, this.filterOf(search, faults), { after, limit });
  }

  /**
   * All of them. Each part is read when it is asked for, in statements of its own, so neither memory nor a connection is held for
   * a slow reader, and a change in between shows in the parts that follow.
   * @throws AppError that names each invalid parameter
   */
  all(search: SoughtCalls, stop: AbortSignal): AsyncGenerator<readonly ShownCall[], undefined> {
    return this.parts(this.filterOf(search), stop);
  }

  private async *parts(filter: CallFilter, stop: AbortSignal): AsyncGenerator<readonly ShownCall[], undefined> {
    let after: string | undefined;
    do {
      const page: Page<ShownCall> = await searchCalls(this.database, filter, { after, limit: CALLS_A_PART });
      // Many parts in a row may have no call, and the reader may have left meanwhile.
      stop.throwIfAborted();
      if (page.items.length > 0) yield page.items;
      else await nextTurn();
      after = page.next ?? undefined;
    } while (after !== undefined);
  }

  private filterOf(search: SoughtCalls, more?: readonly Fault[]): CallFilter {
    return checkedFilter(search, this.config.phoneRegion, more);
  }
}
