/** Swagger documentation of the bundle of a call. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { CALL_SID } from '../../call/search/call-view.openapi.js';
import { problem } from '../../http/problem-response.js';
import { CallBundleReply } from './bundle.dto.js';

export const CallBundleApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getCallBundle',
      summary: 'Everything about one call',
      description:
        'Record, timeline, who hung up, both legs’ codes side by side, the providers that were tried, each attempt of each ' +
        'webhook; and of the replica that answers, the latest requests to providers and the log lines. Both phone numbers are ' +
        'masked wherever they stand.',
    }),
    ApiParam({ name: 'callSid', description: 'The 32 digits that placing the call returned.', example: CALL_SID }),
    ApiResponse({ status: 200, description: 'The bundle.', type: CallBundleReply }),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown.', {
      errors: [{ where: '/full', what: 'must be true or false' }],
    }),
    problem('FORBIDDEN', 'The token lacks the scope `admin`; or `full` is `true`, and it lacks `admin:numbers`.'),
    problem('NOT_FOUND', 'There is no such call, or the callSid is malformed.'),
  );
