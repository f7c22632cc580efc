import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { isDate, isTimeZone } from '../common/local-time.js';
import { startOfDay } from '../common/start-of-day.js';
import { instantOf, type FieldRule } from '../directory/field-rules.js';
import { Optional, Satisfies } from '../directory/satisfies.js';

const rule: FieldRule = (value) =>
  value instanceof Date
    ? null
    : 'must be a time with its offset such as 2026-11-24T10:16:03.120Z (RFC 3339), or a date of this century such as 2026-11-24';

/** A zone that is wrong has a fault of its own. */
const beginningOf = (value: unknown, zone: unknown): unknown =>
  typeof value === 'string' && isDate(value)
    ? startOfDay(typeof zone === 'string' && isTimeZone(zone) ? zone : 'UTC', value)
    : instantOf(value);

/** A time in a query (RFC 3339), or a date, which stands for its beginning in `timeZone`. It may be absent. */
export const DayOrInstantParameter = (description: string, example: string): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: String, description, example }),
    Optional(),
    Transform(({ value, obj }) => beginningOf(value, (obj as { timeZone?: unknown }).timeZone)),
    Satisfies(rule),
  );
