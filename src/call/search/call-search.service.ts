import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { AppError, type Fault } from '../../common/error-table.js';
import { normalisePhone } from '../../common/phone-number.js';
import { rangeFaults } from '../../common/time-range.js';
import { CONFIG, type Config } from '../../config/config.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { badCursor, type Page, type PageRequest } from '../../common/page.js';
import type { CallFilter } from './call-search-statement.js';
import { isCallSid } from '../record/call-sid.js';
import { searchCalls } from './search-calls.js';
import type { ShownCall } from './call-view.js';

export interface CallSearch extends PageRequest, CallFilter {
  /** In any notation. */
  readonly phone?: string | undefined;
}

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
  async find({ after, limit, phone: written, ...filter }: CallSearch): Promise<Page<ShownCall>> {
    const phone = written === undefined ? undefined : storedForm(written, this.config.phoneRegion);
    const faults: Fault[] = [
      ...(phone === null ? [{ where: '/phone', what: NOT_DIALABLE }] : []),
      ...rangeFaults(filter),
      ...(after !== undefined && !isCallSid(after) ? badCursor().faults : []),
    ];
    if (faults.length > 0) throw new AppError('BAD_REQUEST', { faults });
    return searchCalls(this.database, { ...filter, phone: phone ?? undefined }, { after, limit });
  }
}

/** In a query string an unescaped plus is decoded as a blank. */
export const storedForm = (written: string, region: string): string | null =>
  normalisePhone(written.replace(/^ /, '+'), region) ?? normalisePhone(written, region);
