import { ApiProperty } from '@nestjs/swagger';
import type { CallRefusal } from '../../call/record/call-refusal.entity.js';
import { AN_INSTANT, textOrNull } from '../../call/search/call-view.openapi.js';
import { CheckReply } from '../check.dto.js';

export class RefusalReply implements Readonly<CallRefusal> {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty({
    type: String,
    format: 'date-time',
    description: 'When it was written, about a second after the request, by the database’s clock.',
    example: AN_INSTANT,
  })
  at: Date;

  @ApiProperty(textOrNull('`null` if a backend gave the caller as a phone and not as a user.', '1001'))
  callerId: string | null;

  @ApiProperty(textOrNull('Masked. `null` if the caller has none.', '138****1001'))
  callerPhone: string | null;

  @ApiProperty(textOrNull('`null` for a service line, or if a backend gave the callee as a phone.', '2000'))
  calleeId: string | null;

  @ApiProperty({ ...textOrNull('`null` if no service line was called, or none is open.', '1'), example: null })
  serviceLineId: string | null;

  @ApiProperty(
    textOrNull(
      'Masked. `null` if the callee has none. A caller whose calls to many callees are refused within a minute has further ones ' +
        'listed together, without a callee.',
      '138****2000',
    ),
  )
  calleePhone: string | null;

  @ApiProperty({ description: 'Why the call was not placed.', example: 'callee_suppressed' })
  fault: string;

  @ApiProperty(
    textOrNull(
      'The rule, or the words of the provider. `null` if `fault` says all.',
      'The callee’s number is on the suppression list.',
    ),
  )
  reason: string | null;

  @ApiProperty(textOrNull('The subject of the backend’s token or API key; `null` for an app.', null))
  askedBy: string | null;

  @ApiProperty(textOrNull('The id of the first request on its log lines.', '5d7e2d3a9f10-1c8'))
  requestId: string | null;

  @ApiProperty({
    type: [CheckReply],
    description:
      'What the rules saw and said about the first request, in their order. If all of them allowed the call, the provider refused ' +
      'it.',
  })
  checks: readonly CheckReply[];

  @ApiProperty({
    type: 'integer',
    description: 'Refused requests: those of about a second with the same caller, callee, `fault` and `askedBy`.',
    example: 1,
  })
  count: number;
}

export class RefusalPage {
  @ApiProperty({ type: [RefusalReply] })
  items: readonly RefusalReply[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'For `after`; `null` on the last page.',
    example: '1764000000000-1',
  })
  next: string | null;
}
