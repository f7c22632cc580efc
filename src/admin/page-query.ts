import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsString } from 'class-validator';
import { wholeNumberRule } from '../directory/field-rules.js';
import { Satisfies, Optional } from '../directory/satisfies.js';

const MAX_ITEMS = 200;
const USUAL_ITEMS = 50;

/** Only digits become a number. Number() would also accept '', ' 5' and '1e2'. */
const wholeNumber = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

export class PageQuery {
  @ApiPropertyOptional({ description: 'The `next` of the previous page. Without it, the first page.' })
  @Optional()
  @IsString()
  after?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    maximum: MAX_ITEMS,
    default: USUAL_ITEMS,
    description: 'Maximum number of items per page.',
  })
  @Transform(wholeNumber)
  @Satisfies(wholeNumberRule(1, MAX_ITEMS))
  limit: number = USUAL_ITEMS;
}
