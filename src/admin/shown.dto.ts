import { ApiPropertyOptional } from '@nestjs/swagger';
import type { ShownNumbers } from '../directory/shown-numbers.js';

const NUMBER = { type: String, nullable: true, example: '+861056469588' };

export class ShownNumbersBody implements ShownNumbers {
  @ApiPropertyOptional({
    ...NUMBER,
    description: 'The number that the caller’s phone shows; `null` for none.',
    default: null,
  })
  toCaller: string | null;

  @ApiPropertyOptional({
    ...NUMBER,
    description: 'The number that the callee’s phone shows; `null` for none.',
    default: null,
  })
  toCallee: string | null;
}
