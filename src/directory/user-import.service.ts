import { Injectable } from '@nestjs/common';
import type { Author } from '../audit/audit-entry.entity.js';
import { AppError } from '../common/error-table.js';
import { faultsByLine, readUserCsv, type UserFile } from './user-csv.js';
import { UserSyncService, type SyncOutcome } from './user-sync.service.js';

export interface ImportOutcome extends SyncOutcome, Pick<UserFile, 'encoding'> {
  readonly dryRun: boolean;
}

export interface ImportTerms {
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
  /** The sender says so. */
  readonly isGb18030: boolean;
}

/** Stores the users of a CSV file, all or none, as the sync does. */
@Injectable()
export class UserImport {
  constructor(private readonly userSync: UserSyncService) {}

  /** @throws AppError that names the line and the column of each fault */
  async run(body: Buffer, { dryRun, isGb18030 }: ImportTerms, author: Author): Promise<ImportOutcome> {
    const { users, lines, encoding } = await readUserCsv(body, isGb18030);
    try {
      return { ...(await this.userSync.sync({ users }, [], author, dryRun)), dryRun, encoding };
    } catch (error) {
      if (!(error instanceof AppError) || error.faults.length === 0) throw error;
      const { code, detail, faults } = error;
      throw new AppError(code, { ...(detail !== undefined && { detail }), faults: faultsByLine(faults, lines) });
    }
  }
}
