import { ApiPropertyOptional } from '@nestjs/swagger';
import type { FieldRule } from '../../directory/field-rules.js';
import { Optional, Satisfies } from '../../directory/satisfies.js';

export const CANCEL_OUTCOMES = ['canceled', 'canceling', 'passed', 'over'] as const;
export type CancelOutcome = (typeof CANCEL_OUTCOMES)[number];

/** How API documents describe it. */
export const CANCEL_OUTCOME = {
  enum: CANCEL_OUTCOMES,
  description:
    '`canceled`: this cancel, or an earlier one, ended the call. `canceling` (HTTP status 202): the cancel is accepted, and ' +
    'ordered as soon as the provider finds the call. `passed`: the call had already reached the state in `before`, and goes ' +
    'on. `over`: the call had already ended.',
  example: 'canceled',
};

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
