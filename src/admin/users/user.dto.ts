import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { EXTERNAL_ID_LENGTH } from '../../common/external-id.js';
import { MAX_LONG } from '../../common/long.js';
import {
  NAME_LENGTH,
  nameRule,
  phoneOrNoneRule,
  phoneRule,
  trimmed,
  USER_ID_PATTERN,
  userIdRule,
  booleanRule,
  externalIdOrNoneRule,
  externalIdRule,
} from '../../directory/field-rules.js';
import type { ImportOutcome } from '../../directory/user-import.service.js';
import type { SyncOutcome } from '../../directory/user-sync.service.js';
import { MAX_USERS_AT_ONCE } from '../../directory/user-rows.js';
import { shownRule, type ShownNumbers, type WrittenNumbers } from '../../directory/shown-numbers.js';
import { SHOWN_EXAMPLE, ShownNumbersBody, ShownNumbersReply } from '../shown.dto.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';
import { BooleanParameter } from '../boolean-parameter.js';
import { PageQuery } from '../page-query.js';
import { SubAccountBody } from '../sub-accounts/sub-account.dto.js';

const ID = {
  description: `The app’s own id of the user: a Long, 1 to ${MAX_LONG}, as a string.`,
  pattern: USER_ID_PATTERN,
  example: '1001',
};
const NAME = { description: 'Blanks around it are dropped.', minLength: 1, maxLength: NAME_LENGTH, example: '王小明' };
const PHONE = {
  type: String,
  nullable: true,
  description:
    'A mobile, a landline with its area code, or a 400, 95 or other service number, in any common notation; `null` for ' +
    'none. It may have an extension of at most six digits: 010-56469588转8001. Emergency and premium-rate numbers and more than 40 ' +
    'characters are refused.',
  example: '138 0013 8000',
};

const EXTERNAL_ID = {
  type: String,
  nullable: true,
  minLength: 1,
  maxLength: EXTERNAL_ID_LENGTH,
  description:
    'The user’s id in your own system or at your identity provider, such as a UUID: any text that is not a number and does ' +
    'not begin with `key:`. No two users have the same. A token’s claim `JWT_USER_CLAIM` and the parties of `POST /v1/calls` ' +
    'may name the user by it. It is compared exactly; blanks around it are kept.',
  example: '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11',
};

const BLOCKED = {
  type: 'boolean',
  description:
    'Every request with a token of a blocked user gets 403, on all replicas immediately; streams and long polls end. Calls that ' +
    'are in progress are not hung up. A blocked user cannot be removed. A token with an `externalId` that the user has lost is not ' +
    'the user’s any more, and is not blocked.',
  example: false,
} as const;

const SHOWN =
  'The numbers that the two phones show when this user calls. They replace those of the providers’ settings; those of a service ' +
  'line that is called, and of a request, replace them. Each must be allowed at the providers that carry the calls.';

export class NewUser {
  @ApiProperty(ID)
  @Satisfies(userIdRule)
  id: string;

  @ApiProperty(NAME)
  @Transform(({ value }) => trimmed(value))
  @Satisfies(nameRule)
  name: string;

  @ApiPropertyOptional({ ...PHONE, default: null })
  @Satisfies(phoneOrNoneRule)
  phone: string | null = null;

  @ApiPropertyOptional({ ...EXTERNAL_ID, description: `${EXTERNAL_ID.description} Absent: none.` })
  @Satisfies(externalIdOrNoneRule)
  externalId: string | null = null;

  @ApiPropertyOptional({ type: ShownNumbersBody, example: SHOWN_EXAMPLE, description: SHOWN })
  @Optional()
  @Satisfies(shownRule)
  shown?: WrittenNumbers;
}

export class UserChangeBody {
  @ApiPropertyOptional(NAME)
  @Optional()
  @Transform(({ value }) => trimmed(value))
  @Satisfies(nameRule)
  name?: string;

  @ApiPropertyOptional({ ...PHONE, description: `${PHONE.description} \`null\` unbinds the phone.` })
  @Optional()
  @Satisfies(phoneOrNoneRule)
  phone?: string | null;

  @ApiPropertyOptional({ ...EXTERNAL_ID, description: `${EXTERNAL_ID.description} \`null\` removes it.` })
  @Optional()
  @Satisfies(externalIdOrNoneRule)
  externalId?: string | null;

  @ApiPropertyOptional(BLOCKED)
  @Optional()
  @Satisfies(booleanRule)
  blocked?: boolean;

  @ApiPropertyOptional({ type: ShownNumbersBody, example: SHOWN_EXAMPLE, description: SHOWN })
  @Optional()
  @Satisfies(shownRule)
  shown?: WrittenNumbers;
}

class SyncedSubAccount extends SubAccountBody {
  @ApiProperty({ description: 'The name of a provider of this service.', example: 'simulator' })
  provider: string;
}

class SyncedUser extends OmitType(NewUser, ['externalId', 'shown']) {
  @ApiPropertyOptional({
    type: ShownNumbersBody,
    example: SHOWN_EXAMPLE,
    description: `${SHOWN} Absent: the stored ones stay.`,
  })
  shown?: WrittenNumbers;

  @ApiPropertyOptional({
    ...EXTERNAL_ID,
    description: `${EXTERNAL_ID.description} Absent: the stored one stays. \`null\` removes it.`,
  })
  externalId?: string | null;

  @ApiPropertyOptional({
    type: [SyncedSubAccount],
    description:
      'Sub-accounts to create or replace, at most one for each provider. Those at other providers stay. Absent: all stay.',
  })
  subAccounts?: SyncedSubAccount[];
}

/** For the document only: the rows are validated by hand (user-rows.ts). */
export class UserList {
  @ApiProperty({
    type: [SyncedUser],
    maxItems: MAX_USERS_AT_ONCE,
    example: [
      {
        id: '1001',
        name: '王小明',
        phone: '138 0013 8000',
        externalId: '7d3f1c52-6b0e-4f0a-9c1d-2f6f0a5b8e11',
        subAccounts: [
          { provider: 'simulator', externalId: '8a48b5514f49079e014f4d5c9fba0c2d', secret: 'b7f1d0c2e4a94d5f8c3a' },
        ],
      },
      { id: '1002', name: '李小红', phone: null },
    ],
  })
  users: SyncedUser[];
}

export class SyncReply implements SyncOutcome {
  @ApiProperty({ type: 'integer', example: 1 })
  created: number;

  @ApiProperty({ type: 'integer', example: 0 })
  changed: number;

  @ApiProperty({ type: 'integer', description: 'Rows that were already stored with these values.', example: 1 })
  unchanged: number;
}

export class ImportQuery {
  @BooleanParameter({ description: 'Say what would be done, and change nothing.', example: true })
  dryRun?: boolean;
}

export class ImportReply extends SyncReply implements ImportOutcome {
  @ApiProperty({ description: 'Whether nothing was changed, because the request asked so.', example: true })
  dryRun: boolean;

  @ApiProperty({ enum: ['UTF-8', 'GB18030'], description: 'As which the file was read.', example: 'UTF-8' })
  encoding: 'UTF-8' | 'GB18030';

  @ApiProperty({
    type: [String],
    description: 'Names in the first row that stand for no column. These columns are not imported.',
    example: ['部门', '邮箱'],
  })
  ignoredColumns: readonly string[];
}

export class UserQuery extends PageQuery {
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: EXTERNAL_ID_LENGTH,
    description: 'Only the user with this external id.',
    example: EXTERNAL_ID.example,
  })
  @Optional()
  @Satisfies(externalIdRule)
  externalId?: string;

  @ApiPropertyOptional({
    minLength: 1,
    maxLength: NAME_LENGTH,
    description: 'Only users whose name contains this text. Upper and lower case are alike.',
    example: '小明',
  })
  @Optional()
  @Satisfies(nameRule)
  name?: string;

  @ApiPropertyOptional({
    description:
      'Only users with this phone, in any common notation. Without an extension, also those whose phone has one.',
    example: '138 0013 8000',
  })
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;
}

export class UserReply extends OmitType(NewUser, ['phone', 'externalId', 'shown']) {
  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'As it is dialled: E.164, or the digits of a national service number; with an extension, followed by `;ext=` and its digits. ' +
      '`null` if none is bound.',
    example: '+8613800138000',
  })
  phone: string | null;

  @ApiProperty({ ...EXTERNAL_ID, description: 'The user’s id in your own system; `null` if there is none.' })
  externalId: string | null;

  @ApiProperty(BLOCKED)
  blocked: boolean;

  @ApiProperty({ type: ShownNumbersReply, example: SHOWN_EXAMPLE, description: SHOWN })
  shown: ShownNumbers;
}

export class UserPage {
  @ApiProperty({ type: [UserReply] })
  items: readonly UserReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '1001' })
  next: string | null;
}
