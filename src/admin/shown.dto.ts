import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { ShownNumbers, WrittenNumbers } from '../directory/shown-numbers.js';

const NUMBER = { type: String, nullable: true };
const TO_CALLER = { ...NUMBER, description: 'The number that the caller’s phone shows; `null` for none.' };
const TO_CALLEE = { ...NUMBER, description: 'The number that the callee’s phone shows; `null` for none.' };

export const SHOWN_EXAMPLE: ShownNumbers = { toCaller: null, toCallee: '+861056469588' };

export class ShownNumbersBody implements WrittenNumbers {
  @ApiPropertyOptional({ ...TO_CALLER, default: null })
  toCaller?: string | null;

  @ApiPropertyOptional({ ...TO_CALLEE, default: null, example: SHOWN_EXAMPLE.toCallee })
  toCallee?: string | null;
}

export class ShownNumbersReply implements ShownNumbers {
  @ApiProperty({ ...TO_CALLER, example: null })
  toCaller: string | null;

  @ApiProperty({ ...TO_CALLEE, example: SHOWN_EXAMPLE.toCallee })
  toCallee: string | null;
}
