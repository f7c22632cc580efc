import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { VERDICTS, type CallToTry, type DryRun, type Verdict } from '../../call/placement/dry-run.service.js';
import { phoneRule, USER_ID_PATTERN, userIdRule } from '../../directory/field-rules.js';
import { Satisfies, Optional } from '../../directory/satisfies.js';

export class DryRunQuery implements CallToTry {
  @ApiProperty({ description: 'The app’s own id of the caller.', pattern: USER_ID_PATTERN, example: '1001' })
  @Satisfies(userIdRule)
  callerId: string;

  @ApiPropertyOptional({
    description: 'The app’s own id of the callee; this or `phone`.',
    pattern: USER_ID_PATTERN,
    example: '2000',
  })
  @Optional()
  @Satisfies(userIdRule)
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
}
