import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { instantOf, instantRule } from '../directory/field-rules.js';
import { Optional, Satisfies } from '../directory/satisfies.js';

/** A time in a query (RFC 3339). It may be absent. */
export const InstantParameter = (description: string, example: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, format: 'date-time', description, example }),
    Optional(),
    Transform(({ value }) => instantOf(value)),
    Satisfies(instantRule),
  );
