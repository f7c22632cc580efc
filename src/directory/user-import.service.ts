import { Inject, Injectable } from '@nestjs/common';
import type { Author } from '../audit/audit-entry.entity.js';
import { AppError, wrongRows, type Fault } from '../common/error-table.js';
import type { CsvBody } from '../common/csv.js';
import { CONFIG, type Config } from '../config/config.js';
import { faultsByLine, readUserCsv, type UserFile } from './user-csv.js';
import { tryUserRows } from './user-rows.js';
import { UserSyncService, type SyncOutcome } from './user-sync.service.js';

export interface ImportOutcome extends SyncOutcome, Pick<CsvBody, 'encoding'>, Pick<UserFile, 'ignoredColumns'> {
  readonly dryRun: boolean;
}

/** Stores the users of a CSV file, all or none, as the sync does. */
@Injectable()
export class UserImport {
  constructor(
    private readonly userSync: UserSyncService,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param dryRun says what would be done, and does nothing
   * @throws AppError that names the line and the column of each fault
   */
  async run({ text, encoding }: CsvBody, dryRun: boolean, author: Author): Promise<ImportOutcome> {
    const file = await readUserCsv(text);
    if (file.faults.length > 0) throw wrongRows(await this.allFaults(file));
    try {
      const outcome = await this.userSync.sync({ users: file.users }, [], author, dryRun);
      return { ...outcome, dryRun, encoding, ignoredColumns: file.ignoredColumns };
    } catch (error) {
      if (!(error instanceof AppError) || error.faults.length === 0) throw error;
      const { code, detail, faults } = error;
      throw new AppError(code, { ...(detail !== undefined && { detail }), faults: faultsByLine(faults, file.lines) });
    }
  }

  /** Also those of the users in the other lines, so that a file is corrected once. */
  private async allFaults({ users, lines, faults }: UserFile): Promise<Fault[]> {
    const ofUsers = await tryUserRows(users, { region: this.config.phoneRegion, providers: [] });
    return [...faults, ...faultsByLine(ofUsers.faults, lines)].sort(byLine);
  }
}

const lineIn = ({ where }: Fault): number => Number(/^line (\d+)/.exec(where)?.[1]);

const byLine = (one: Fault, other: Fault): number => lineIn(one) - lineIn(other);
