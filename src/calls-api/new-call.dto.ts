import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ValidateNested } from 'class-validator';
import { EXTERNAL_ID_LENGTH } from '../common/external-id.js';
import { MAX_LONG } from '../common/long.js';
import {
  instantOf,
  instantRule,
  phoneRule,
  textRule,
  userIdOrExternalIdRule,
  userIdRule,
  wholeNumberRule,
  booleanRule,
  type FieldRule,
} from '../directory/field-rules.js';
import { Optional, Satisfies } from '../directory/satisfies.js';
import { MAX_METADATA_BYTES, metadataRule } from './metadata-rule.js';

const USER_ID = {
  description: `The id of a user: a Long, 1 to ${MAX_LONG}, as a string; or the user’s \`externalId\`.`,
  minLength: 1,
  maxLength: EXTERNAL_ID_LENGTH,
};
const PHONE = { description: 'A number that can be dialled, in any common notation. It need not belong to a user.' };

/** Says nothing of a value of another type, of which the nested rules speak. */
const oneOf =
  (...names: readonly string[]): FieldRule =>
  (value) => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const given = isObject ? names.filter((name) => (value as Record<string, unknown>)[name] !== undefined) : [];
    return given.length === 1 ? null : `must be an object with exactly one of ${names.join(', ')}`;
  };

const objectRule: FieldRule = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? null : 'must be an object';

/** The order's terms know which routes there are. */
const routeRule: FieldRule = (value) => (typeof value === 'string' ? null : 'must be a string such as "+86"');

const lineIdRule: FieldRule = (value) =>
  userIdRule(value) === null ? null : 'must be the id of a service line, a string of decimal digits';

export class CallerBody {
  @ApiPropertyOptional({ ...USER_ID, example: '1001' })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  userId?: string;

  @ApiPropertyOptional(PHONE)
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;
}

export class CalleeBody {
  @ApiPropertyOptional(USER_ID)
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  userId?: string;

  @ApiPropertyOptional({
    ...PHONE,
    description: `${PHONE.description} It may have an extension: 010-56469588转8001.`,
    example: '138 0000 2000',
  })
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;

  @ApiPropertyOptional({ description: 'The id of a service line that is open now.' })
  @Optional()
  @Satisfies(lineIdRule)
  serviceLine?: string;
}

export class LimitsBody {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 600,
    description: 'Seconds that the caller’s phone may ring; less than `LONGEST_REQUESTED`. Default: `RING_CALLER`.',
    example: 30,
  })
  @Optional()
  @Satisfies(wholeNumberRule(1, 600))
  ringCaller?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 600,
    description: 'Seconds that the callee’s phone may ring; less than `LONGEST_RINGING`. Default: `RING_CALLEE`.',
    example: 30,
  })
  @Optional()
  @Satisfies(wholeNumberRule(1, 600))
  ringCallee?: number;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: 864_000,
    description: 'Seconds that the two may talk; at most `LONGEST_TALK`, which is the default.',
    example: 600,
  })
  @Optional()
  @Satisfies(wholeNumberRule(1, 864_000))
  longestTalk?: number;
}

const SHOWN =
  'Most providers accept only your own numbers. Default: that of the service line, of the user who calls, or the provider’s setting.';

export class ShownBody {
  @ApiPropertyOptional({ description: `The number that the caller’s phone shows. ${SHOWN}`, example: '010 5646 9588' })
  @Optional()
  @Satisfies(phoneRule)
  toCaller?: string;

  @ApiPropertyOptional({ description: `The number that the callee’s phone shows. ${SHOWN}`, example: '010 5646 9588' })
  @Optional()
  @Satisfies(phoneRule)
  toCallee?: string;
}

export class NewCall {
  @ApiProperty({ type: CallerBody, description: 'The party that is rung first: a user, or a phone.' })
  @Satisfies(oneOf('userId', 'phone'))
  @ValidateNested()
  @Type(() => CallerBody)
  caller: CallerBody;

  @ApiProperty({ type: CalleeBody, description: 'The party that is rung next: a user, a phone, or a service line.' })
  @Satisfies(oneOf('userId', 'phone', 'serviceLine'))
  @ValidateNested()
  @Type(() => CalleeBody)
  callee: CalleeBody;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: { type: 'string' },
    description: `Your own texts, at most ${MAX_METADATA_BYTES} bytes of JSON. The call and each of its changes return them.`,
    example: { ticket: '4711' },
  })
  @Optional()
  @Satisfies(metadataRule)
  metadata?: Readonly<Record<string, string>>;

  @ApiPropertyOptional({ type: LimitsBody, description: 'Limits for this call. They replace those of the settings.' })
  @Optional()
  @Satisfies(objectRule)
  @ValidateNested()
  @Type(() => LimitsBody)
  limits?: LimitsBody;

  @ApiPropertyOptional({ type: ShownBody, description: 'The numbers that the phones show for this call.' })
  @Optional()
  @Satisfies(objectRule)
  @ValidateNested()
  @Type(() => ShownBody)
  shown?: ShownBody;

  @ApiPropertyOptional({
    type: 'boolean',
    description: 'Whether the talk is recorded, if the provider supports it. Default: `RECORD_CALLS`.',
    example: false,
  })
  @Optional()
  @Satisfies(booleanRule)
  record?: boolean;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: 'If Ringback cannot ask a provider to dial before this time (RFC 3339), the call is refused.',
    example: '2099-11-24T10:16:03Z',
  })
  @Optional()
  @Transform(({ value }) => instantOf(value))
  @Satisfies(instantRule)
  notAfter?: Date;

  @ApiPropertyOptional({
    description:
      'The only route that may be taken: an entry of `ROUTES` by its prefix or country; empty if it matches every number. It ' +
      'must match the callee’s number. Its providers are tried in their order. Default: the first entry that matches.',
    example: '+86',
  })
  @Optional()
  @Satisfies(routeRule)
  route?: string;

  @ApiPropertyOptional({
    description:
      'The only provider that may carry the call. It must be on `route`, or else on the first route that matches the callee’s number.',
    example: 'simulator',
  })
  @Optional()
  @Satisfies(textRule(64))
  provider?: string;
}
