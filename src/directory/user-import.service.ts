import { Injectable } from '@nestjs/common';
import type { Author } from '../audit/audit-entry.entity.js';
import { AppError } from '../common/error-table.js';
import type { CsvBody } from '../common/csv.js';
import { faultsByLine, readUserCsv } from './user-csv.js';
import { UserSyncService, type SyncOutcome } from './user-sync.service.js';

export interface ImportOutcome extends SyncOutcome, Pick<CsvBody, 'encoding'> {
  readonly dryRun: boolean;
}

/** Stores the users of a CSV file, all or none, as the sync does. */
@Injectable()
export class UserImport {
  constructor(private readonly userSync: UserSyncService) {}

  /**
   * @param dryRun says what would be done, and does nothing
   * @throws AppError that names the line and the column of each fault
   */
  async run({ text, encoding }: CsvBody, dryRun: boolean, author: Author): Promise<ImportOutcome> {
    const { users, lines } = await readUserCsv(text);
    try {
      return { ...(await this.userSync.sync({ users }, [], author, dryRun)), dryRun, encoding };
    } catch (error) {
      if (!(error instanceof AppError) || error.faults.length === 0) throw error;
      const { code, detail, faults } = error;
      throw new AppError(code, { ...(detail !== undefined && { detail }), faults: faultsByLine(faults, lines) });
    }
  }
}
