/** Swagger documentation of the audit. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { MAX_EXAMINED } from '../../common/page.js';
import { EMPTY_RANGE } from '../../common/time-range.js';
import { pageParameter, problem } from '../../http/problem-response.js';
import { AuditPage } from './audit.dto.js';

export const ListAuditApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listAudit',
      summary: 'Who did what',
      description:
        'Latest first: every change by the admin API, and every response of it that has whole phone numbers. An entry is ' +
        'committed together with its change, or before the response. A request that was refused has none. Entries are kept for ' +
        '`AUDIT_DAYS`.\n\n' +
        `A request examines at most ${MAX_EXAMINED} entries. So with several parameters, a page may have fewer items than ` +
        '`limit`, even none, and still a `next`. Continue until `next` is `null`.',
    }),
    pageParameter('1764000000000-1'),
    ApiResponse({ status: 200, description: 'One page.', type: AuditPage }),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown; `errors` names each.', {
      errors: [EMPTY_RANGE],
    }),
  );
