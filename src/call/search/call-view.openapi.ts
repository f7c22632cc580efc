/** How API documents describe a call; for every API that shows one. */
import { ApiProperty } from '@nestjs/swagger';
import type { LegCause, LegCauses } from '../../telephony/telephony-provider.js';
import { END_AUTHORITIES, END_REASONS } from '../record/call-lifecycle.js';

export const CALL_SID = '16090510160925480001030600243044';
export const AN_INSTANT = '2026-11-24T10:16:09.254Z';
export const STATE_TYPES = ['1', '2', '3', '4'];

export const timeOrNull = (description: string) =>
  ({ type: String, format: 'date-time', nullable: true, description, example: AN_INSTANT }) as const;
export const textOrNull = (description: string, example: string | null) =>
  ({ type: String, nullable: true, description, example }) as const;

export const END_REASON = {
  enum: END_REASONS,
  type: String,
  nullable: true,
  description: 'Why the call is over.',
  example: 'completed',
} as const;

export const ENDED_BY = {
  enum: END_AUTHORITIES,
  type: String,
  nullable: true,
  description: 'The source that ended the call.',
  example: 'provider',
} as const;

export const ROUTE = textOrNull(
  'The matching entry of `ROUTES`, by its prefix or country; empty if it matches every number.',
  '',
);

/** How one leg ended. */
export const legCause = (description: string, example: object) =>
  ({ type: 'object', nullable: true, additionalProperties: true, description, example }) as const;

class Causes implements LegCauses {
  @ApiProperty(legCause('Of leg A, the caller’s.', { cause: 16 }))
  A: LegCause | null;

  @ApiProperty(legCause('Of leg B, the callee’s.', { cause: 17 }))
  B: LegCause | null;
}

export const CAUSES = {
  type: Causes,
  description:
    'How each leg ended, in the provider’s own terms: a Q.850 cause, a SIP status. `null` if the leg was not dialled, or if ' +
    'the provider has not reported its end.',
  example: { A: { cause: 16 }, B: { cause: 17 } },
};

export const CANCELED_BY = {
  enum: ['admin'],
  type: String,
  nullable: true,
  description: '`admin` if an administrator hung up. `null` if the caller or your backend did, or nobody.',
  example: null,
} as const;

export const TALK_SECONDS = {
  type: 'integer',
  nullable: true,
  description: '`null` if the call was not answered or is not over.',
  example: 10,
} as const;

export const PROVIDER_CODE = textOrNull(
  'The codes in `causes` as one text, for a list: of leg B, or of leg A if leg B was not dialled. `null` if there are none.',
  'cause 17',
);
