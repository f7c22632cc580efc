import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  SECRET_LENGTH,
  secretRule,
  SUB_ACCOUNT_ID_LENGTH,
  subAccountIdRule,
  trimmed,
} from '../../directory/field-rules.js';
import type { ShownSubAccount } from '../../directory/sub-account.service.js';
import { Satisfies } from '../../directory/satisfies.js';

const EXTERNAL_ID = {
  description: 'The sub-account’s id at the provider.',
  minLength: 1,
  maxLength: SUB_ACCOUNT_ID_LENGTH,
  example: '8a48b5514f49079e014f4d5c9fba0c2d',
};

export class SubAccountBody {
  @ApiProperty(EXTERNAL_ID)
  @Transform(({ value }) => trimmed(value))
  @Satisfies(subAccountIdRule)
  externalId: string;

  @ApiProperty({
    description: 'Stored unchanged, including blanks, and encrypted. No reply shows it.',
    minLength: 1,
    maxLength: SECRET_LENGTH,
    writeOnly: true,
    format: 'password',
    example: 'b7f1d0c2e4a94d5f8c3a',
  })
  @Satisfies(secretRule)
  secret: string;
}

export class SubAccountReply implements ShownSubAccount {
  @ApiProperty({ description: 'The name of the provider.', example: 'simulator' })
  provider: string;

  @ApiProperty(EXTERNAL_ID)
  externalId: string;
}

export class SubAccountList {
  @ApiProperty({ type: [SubAccountReply] })
  items: readonly SubAccountReply[];
}
