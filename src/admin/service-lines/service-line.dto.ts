import { ApiProperty, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  NAME_LENGTH,
  nameRule,
  phoneRule,
  trimmed,
  wholeNumberRule,
  booleanRule,
} from '../../directory/field-rules.js';
import { MAX_POSITION } from '../../directory/service-line.service.js';
import { Satisfies } from '../../directory/satisfies.js';

export class NewServiceLine {
  @ApiProperty({ description: 'Blanks around it are dropped.', minLength: 1, maxLength: NAME_LENGTH, example: '售后' })
  @Transform(({ value }) => trimmed(value))
  @Satisfies(nameRule)
  name: string;

  @ApiProperty({
    description: 'In any common notation; emergency and premium-rate numbers are refused.',
    example: '400-000-0000',
  })
  @Satisfies(phoneRule)
  phone: string;

  @ApiProperty({ description: 'Only open lines are rung.', example: true })
  @Satisfies(booleanRule)
  open: boolean;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    maximum: MAX_POSITION,
    description: 'The open line with the lowest position is the one that is rung.',
    example: 1,
  })
  @Satisfies(wholeNumberRule(0, MAX_POSITION))
  position: number;
}

export class ServiceLineChangeBody extends PartialType(NewServiceLine, { skipNullProperties: false }) {}

export class ServiceLineReply extends NewServiceLine {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;
}

export class ServiceLinePage {
  @ApiProperty({ type: [ServiceLineReply] })
  items: readonly ServiceLineReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '1-1' })
  next: string | null;
}
