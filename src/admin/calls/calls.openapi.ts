/** What Swagger says of calls on the administrator's desk. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { END_REASONS } from '../../call/record/call-lifecycle.js';
import { MOST_EXAMINED } from '../../common/page.js';
import { CallPage, CallReply } from './call.dto.js';
import { pageParameter, problem } from '../../http/problem-response.js';

const CALL_SID = '16090510160925480001030600243044';

export const SearchCallsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'searchCalls',
      summary: 'Search calls',
      description:
        'Newest first, by the time of the request. A call has to fit every parameter that is given; without any, all ' +
        'calls are listed. Calls that come in meanwhile do not move the pages that are yet to be read.\n\n' +
        `A request looks at ${MOST_EXAMINED} calls at most for each of its parameters. Where parameters that each fit ` +
        'a great many calls fit few together, a page may therefore have fewer items than `limit`, even none, and yet a ' +
        '`next`: go on from there until `next` is `null`. A narrower time range gets there sooner.\n\n' +
        'In a query a plus has to be written `%2B`; in a phone or a time a plus that came as a blank is understood too.',
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
        'The record, and every event that led to it: what, when it happened, when we learned of it, from whom, and which ' +
        'change of the record it made. An event that changed nothing has no `change`.',
    }),
    ApiParam({
      name: 'callSid',
      description: 'The 32 digits that placing the call returned.',
      example: CALL_SID,
    }),
    ApiResponse({ status: 200, description: 'The call.', type: CallReply }),
    problem('NOT_FOUND', 'There is no such call; a callSid that is malformed is one that does not exist.'),
  );
