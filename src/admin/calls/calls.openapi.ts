/** Swagger documentation of the call search and the timeline. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { END_REASONS } from '../../call/record/call-lifecycle.js';
import { CALL_SID } from '../../call/search/call-view.openapi.js';
import { MAX_EXAMINED } from '../../common/page.js';
import { CallPage, CallReply } from './call.dto.js';
import { pageParameter, problem } from '../../http/problem-response.js';

export const SearchCallsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'searchCalls',
      summary: 'Search calls',
      description:
        'Newest first, by the time of the request. A call must match all given parameters; without any, all ' +
        'calls are listed. New calls do not shift the remaining pages.\n\n' +
        `A request examines at most ${MAX_EXAMINED} calls for each of its parameters. If parameters match many calls each, ` +
        'but few together, a page may have fewer items than `limit`, even none, and still a ' +
        '`next`. Continue until `next` is `null`. A narrower time range needs fewer requests.\n\n' +
        'In a query a plus must be written as `%2B`. In a phone or a time, a blank is accepted for an unescaped plus.',
    }),
    pageParameter(CALL_SID),
    ApiResponse({ status: 200, description: 'One page.', type: CallPage }),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown; `errors` names each.', {
      errors: [
        { where: '/endReason', what: `must be one of ${END_REASONS.join(', ')}` },
        { where: '/colour', what: 'property colour should not exist' },
      ],
    }),
  );

export const FindCallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getCall',
      summary: 'One call and its timeline',
      description:
        'The record and all its events: type, time, time of storage, source, and the change that the event made. ' +
        'An event that changed nothing has no `change`.',
    }),
    ApiParam({
      name: 'callSid',
      description: 'The 32 digits that placing the call returned.',
      example: CALL_SID,
    }),
    ApiResponse({ status: 200, description: 'The call.', type: CallReply }),
    problem('NOT_FOUND', 'There is no such call, or the callSid is malformed.'),
  );
