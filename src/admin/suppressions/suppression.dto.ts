import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, IsString, ValidateNested } from 'class-validator';
import {
  instantOf,
  instantRule,
  orNone,
  phoneRule,
  SUPPRESSION_TEXT_LENGTH,
  textRule,
} from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';
import { PageQuery } from '../page-query.js';

/** All of them fit into a body of 64 KB. */
const MAX_ROWS = 500;

export class SuppressionBody {
  @ApiProperty({ description: 'In any common notation.', example: '138 0000 2000' })
  @Satisfies(phoneRule)
  phone: string;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: SUPPRESSION_TEXT_LENGTH,
    description: 'In your words.',
    example: 'asked not to be called',
  })
  @Optional()
  @Satisfies(orNone(textRule(SUPPRESSION_TEXT_LENGTH)))
  reason?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    maxLength: SUPPRESSION_TEXT_LENGTH,
    description: 'Where it comes from.',
    example: 'hotline',
  })
  @Optional()
  @Satisfies(orNone(textRule(SUPPRESSION_TEXT_LENGTH)))
  source?: string | null;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When calls are allowed again; without it, never.',
    example: '2027-01-01T00:00:00.000Z',
  })
  @Optional()
  @Transform(({ value }) => instantOf(value))
  @Satisfies(orNone(instantRule))
  until?: Date | null;
}

export class SuppressionsBody {
  @ApiProperty({ type: [SuppressionBody], minItems: 1, maxItems: MAX_ROWS })
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_ROWS)
  // A nested array would pass the next rule, because it has no field that could be wrong.
  @IsObject({ each: true })
  @ValidateNested({ each: true })
  @Type(() => SuppressionBody)
  suppressions: SuppressionBody[];
}

export class SuppressionsStored {
  @ApiProperty({ type: 'integer', example: 1 })
  created: number;

  @ApiProperty({ type: 'integer', example: 0 })
  changed: number;

  @ApiProperty({ type: 'integer', example: 0 })
  unchanged: number;
}

export class SuppressionReply {
  @ApiProperty({ description: 'A Long, as a string.', example: '1' })
  id: string;

  @ApiProperty({ description: 'As it is stored: E.164, or a national short number.', example: '+8613800002000' })
  phone: string;

  @ApiProperty({ type: String, nullable: true, example: 'asked not to be called' })
  reason: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'hotline' })
  source: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  until: Date | null;

  @ApiProperty({ type: String, format: 'date-time', example: '2026-11-24T10:16:03.120Z' })
  createdAt: Date;
}

export class SuppressionPage {
  @ApiProperty({ type: [SuppressionReply] })
  items: readonly SuppressionReply[];

  @ApiProperty({ type: String, nullable: true, description: 'For `after`; `null` on the last page.', example: '50' })
  next: string | null;
}

export class SuppressionQuery extends PageQuery {
  @ApiPropertyOptional({
    description: 'Only the entry of this number, in any common notation.',
    example: '138 0000 2000',
  })
  @Optional()
  @IsString()
  phone?: string;
}
