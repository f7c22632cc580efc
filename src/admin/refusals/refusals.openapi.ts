/** Swagger documentation of the calls that were not placed. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { KEPT_DAYS } from '../../call/record/call-refusals.js';
import { MAX_EXAMINED } from '../../common/page.js';
import { EMPTY_RANGE } from '../../common/time-range.js';
import { pageParameter, problem } from '../../http/problem-response.js';
import { RefusalPage } from './refusal.dto.js';

export const ListRefusalsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listRefusals',
      summary: 'Calls that were not placed, and why',
      description:
        `Latest first, kept for ${KEPT_DAYS} days. A refusal is listed about a second after its request. Equal refusals of a second ` +
        'are one item with a `count`. A request is not listed if it is malformed or not authorised, if its caller is blocked or in a ' +
        'call, or if a backend names an unknown user or a closed service line.\n\n' +
        `A request examines at most ${MAX_EXAMINED} items. So with \`fault\`, a page may have fewer items than ` +
        '`limit`, even none, and still a `next`. Continue until `next` is `null`.',
    }),
    pageParameter('1764000000000-1'),
    ApiResponse({ status: 200, description: 'One page.', type: RefusalPage }),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown; `errors` names each.', {
      errors: [EMPTY_RANGE],
    }),
  );
