import { ValidateBy, ValidateIf } from 'class-validator';
import type { FieldRule } from './field-rules.js';

/** Validates a field of a body with a rule of the directory, and reports the rule's own text. */
export const Satisfies = (rule: FieldRule): PropertyDecorator =>
  ValidateBy({
    name: rule.name || 'obeys',
    validator: {
      validate: (value) => rule(value) === null,
      defaultMessage: (args) => rule(args?.value) ?? '',
    },
  });

/** The field may be absent; null is a value like any other. */
export const Optional = (): PropertyDecorator => ValidateIf((_body, value) => value !== undefined);

/** The field may be absent if another one stands in its place. */
export const OptionalBeside = (other: string): PropertyDecorator =>
  ValidateIf((body: Record<string, unknown>, value) => value !== undefined || body[other] === undefined);
