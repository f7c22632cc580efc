import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { VERDICTS, type CallToTry, type DryRun, type Verdict } from '../../call/placement/dry-run.service.js';
import { phoneRule, userIdOrExternalIdRule } from '../../directory/field-rules.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';
import { CheckReply } from '../check.dto.js';
import { USER_NAME } from '../users/user-name.openapi.js';

export class DryRunQuery implements CallToTry {
  @ApiProperty({ ...USER_NAME, description: `The caller. ${USER_NAME.description}` })
  @Satisfies(userIdOrExternalIdRule)
  callerId: string;

  @ApiPropertyOptional({
    ...USER_NAME,
    description: `The callee; this or \`phone\`. ${USER_NAME.description}`,
    example: '2000',
  })
  @Optional()
  @Satisfies(userIdOrExternalIdRule)
  calleeId?: string;

  @ApiPropertyOptional({ description: 'The callee’s number, in any common notation.', example: '13800002000' })
  @Optional()
  @Satisfies(phoneRule)
  phone?: string;
}

class ProviderVerdict {
  @ApiProperty({ example: 'simulator' })
  provider: string;

  @ApiProperty({
    enum: VERDICTS,
    description:
      '`carries`: it would be tried first; `stands_in`: it would be tried if earlier ones refuse for reasons of their own; ' +
      '`passed_over`: it would not be tried, or would refuse now.',
    example: 'carries',
  })
  verdict: Verdict;

  @ApiProperty({ description: 'For people.', example: 'The caller has a sub-account there.' })
  why: string;
}

export class DryRunReply implements DryRun {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The callee’s number as it would be dialled; `null` if there is none.',
    example: '+8613800002000',
  })
  phone: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The prefix or country of the matching entry of `ROUTES`; empty if the entry matches all numbers.',
    example: '',
  })
  route: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The provider that would be tried first; `null` if the call would be refused.',
    example: 'simulator',
  })
  carrier: string | null;

  @ApiProperty({ description: 'For people.', example: 'It would go by simulator.' })
  why: string;

  @ApiProperty({ type: [ProviderVerdict], description: 'The providers of the route, in its order.' })
  providers: readonly ProviderVerdict[];

  @ApiProperty({
    type: [CheckReply],
    description: 'What each rule saw and said, in order, up to the one that refuses.',
  })
  checks: readonly CheckReply[];
}
