import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { isTimeZone } from '../common/local-time.js';
import type { FieldRule } from '../directory/field-rules.js';
import { Optional, Satisfies } from '../directory/satisfies.js';

const rule: FieldRule = (value) =>
  typeof value === 'string' && isTimeZone(value)
    ? null
    : 'must be a name of the IANA database such as Asia/Shanghai, or UTC';

/** A time zone in a query. It may be absent. */
export const TimeZoneParameter = (description: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, default: 'UTC', description, example: 'Asia/Shanghai' }),
    Optional(),
    Satisfies(rule),
  );
