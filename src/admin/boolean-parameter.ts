import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { booleanRule } from '../directory/field-rules.js';
import { Optional, Satisfies } from '../directory/satisfies.js';

/** `true` or `false` in a query. It may be absent. */
export const BooleanParameter = (
  more: Pick<ApiPropertyOptions, 'description' | 'default' | 'example'>,
): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: Boolean, ...more }),
    Optional(),
    Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : (value as unknown))),
    Satisfies(booleanRule),
  );
