import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { NewFreeze } from '../../call/freezing/freezes.service.js';
import { AN_INSTANT } from '../../call/search/call-view.openapi.js';
import { FREEZE_KINDS, type Freeze, type FreezeKind } from '../../directory/freeze.entity.js';
import { booleanRule, SUB_ACCOUNT_ID_LENGTH, textRule, type FieldRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';

const REASON_LENGTH = 200;
/** The longest is a sub-account's: the name of its provider, a slash, and its id there. */
const SUBJECT_LENGTH = 50 + SUB_ACCOUNT_ID_LENGTH;

const freezeKindRule: FieldRule = (value) =>
  FREEZE_KINDS.some((kind) => kind === value) ? null : `must be one of ${FREEZE_KINDS.join(', ')}`;

const KIND = {
  enum: FREEZE_KINDS,
  description:
    '`user`: the calls that a user places; `sub_account`: those under a sub-account; `country`: those with a number of a country, ' +
    'the caller’s or the callee’s; `all`: all of them.',
  example: 'user',
};

const SUBJECT = 'A user’s id; `<provider>/<externalId>` of a sub-account; the two letters of a country (ISO 3166)';

export class FreezeBody implements NewFreeze {
  @ApiProperty(KIND)
  @Satisfies(freezeKindRule)
  kind: FreezeKind;

  @ApiPropertyOptional({
    maxLength: SUBJECT_LENGTH,
    description: `${SUBJECT}. A user may be named by externalId too. Absent for \`all\`.`,
    example: '1001',
  })
  @Optional()
  @Satisfies(textRule(SUBJECT_LENGTH))
  subject?: string;

  @ApiPropertyOptional({ maxLength: REASON_LENGTH, description: 'In your words.', example: 'the token was stolen' })
  @Optional()
  @Satisfies(textRule(REASON_LENGTH))
  reason?: string;

  @ApiPropertyOptional({
    type: Boolean,
    default: false,
    description: '`true` hangs up the running calls that the freeze would stop; otherwise they go on.',
  })
  @Optional()
  @Satisfies(booleanRule)
  hangUp?: boolean;
}

export class FreezeReply implements Readonly<Omit<Freeze, 'liftedAt'>> {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty(KIND)
  kind: FreezeKind;

  @ApiProperty({ description: `${SUBJECT}; empty for \`all\`.`, example: '1001' })
  subject: string;

  @ApiProperty({ type: String, nullable: true, example: 'the token was stolen' })
  reason: string | null;

  @ApiProperty({
    description:
      'The subject of the administrator’s token or API key; or `rule` and the name of one in `FREEZE_RULES`.',
    example: 'ops',
  })
  frozenBy: string;

  @ApiProperty({ type: String, format: 'date-time', example: AN_INSTANT })
  createdAt: Date;
}

export class FrozenReply extends FreezeReply {
  @ApiProperty({ type: 'integer', description: 'Running calls that are being hung up.', example: 0 })
  hangUps: number;
}

export class FreezePage {
  @ApiProperty({ type: [FreezeReply] })
  items: readonly FreezeReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '50' })
  next: string | null;
}

export const freezeReply = ({ id, kind, subject, reason, frozenBy, createdAt }: Freeze): FreezeReply => ({
  id,
  kind,
  subject,
  reason,
  frozenBy,
  createdAt,
});
