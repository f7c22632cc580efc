import type { FieldRule } from '../../directory/field-rules.js';
import { amountOf } from '../../protection/call-cost.js';
import { NO_AMOUNT } from './price-csv.js';

/** For Swagger, as `amountOf` reads it. */
export const AMOUNT_PATTERN = '^[0-9]{1,9}([.][0-9]{1,6})?$';

/** A text: a JSON number may be no exact amount. */
export const amountRule: FieldRule = (value) => {
  if (typeof value !== 'string') return 'must be a string such as "50" or "0.125"';
  return amountOf(value) === null ? NO_AMOUNT : null;
};
