import { ApiProperty, ApiPropertyOptional, OmitType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { MAX_LONG } from '../../common/long.js';
import {
  NAME_LENGTH,
  nameRule,
  phoneOrNoneRule,
  trimmed,
  USER_ID_PATTERN,
  userIdRule,
  booleanRule,
} from '../../directory/field-rules.js';
import type { SyncOutcome } from '../../directory/user-sync.service.js';
import { MAX_USERS_AT_ONCE } from '../../directory/user-rows.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';

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
    'none. Emergency and premium-rate numbers, numbers with an extension and more than 40 characters are refused.',
  example: '138 0013 8000',
};

const BLOCKED = {
  type: 'boolean',
  description:
    'Every request of a blocked user to `/v1/app` gets 403, on all replicas immediately; streams and long polls end. Calls that ' +
    'are in progress are not hung up.',
  example: false,
} as const;

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

  @ApiPropertyOptional(BLOCKED)
  @Optional()
  @Satisfies(booleanRule)
  blocked?: boolean;
}

/** For the document only: the rows are validated by hand (user-rows.ts). */
export class UserList {
  @ApiProperty({
    type: [NewUser],
    maxItems: MAX_USERS_AT_ONCE,
    example: [
      { id: '1001', name: '王小明', phone: '138 0013 8000' },
      { id: '1002', name: '李小红', phone: null },
    ],
  })
  users: NewUser[];
}

export class SyncReply implements SyncOutcome {
  @ApiProperty({ type: 'integer', example: 1 })
  created: number;

  @ApiProperty({ type: 'integer', example: 0 })
  changed: number;

  @ApiProperty({ type: 'integer', description: 'Rows that were already stored with these values.', example: 1 })
  unchanged: number;
}

export class UserReply extends OmitType(NewUser, ['phone']) {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'As it is dialled: E.164, or the digits of a national service number. `null` if none is bound.',
    example: '+8613800138000',
  })
  phone: string | null;

  @ApiProperty(BLOCKED)
  blocked: boolean;
}

export class UserPage {
  @ApiProperty({ type: [UserReply] })
  items: readonly UserReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '1001' })
  next: string | null;
}
