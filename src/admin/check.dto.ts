import { ApiProperty } from '@nestjs/swagger';

/** What a rule of src/protection saw and said. The names are texts: rows of another version may have other rules. */
export class CheckReply {
  @ApiProperty({ example: 'callee_suppression' })
  rule: string;

  @ApiProperty({ description: 'Without whole phone numbers.', example: 'on the list' })
  saw: string;

  @ApiProperty({
    description: '`allowed`, or why the rule refuses the call.',
    example: 'The callee’s number is on the suppression list.',
  })
  said: string;
}
