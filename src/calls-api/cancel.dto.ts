import { ApiPropertyOptional } from '@nestjs/swagger';
import type { FieldRule } from '../directory/field-rules.js';
import { Optional, Satisfies } from '../directory/satisfies.js';

const CONDITIONS = ['2', '3'] as const;

const conditionRule: FieldRule = (value) =>
  CONDITIONS.some((condition) => condition === value) ? null : `must be one of ${CONDITIONS.join(', ')}`;

export class CancelBody {
  @ApiPropertyOptional({
    enum: CONDITIONS,
    description: 'Cancel the call only if it has not reached this state.',
    example: '3',
  })
  @Optional()
  @Satisfies(conditionRule)
  before?: (typeof CONDITIONS)[number];
}
