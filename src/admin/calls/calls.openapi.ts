/** Swagger documentation of the call search and the timeline. */
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { CancelBody } from '../../call/cancel/cancel.dto.js';
import { END_REASONS } from '../../call/record/call-lifecycle.js';
import { CALL_SID } from '../../call/search/call-view.openapi.js';
import { MAX_EXAMINED } from '../../common/page.js';
import { CallPage, CallReply, CanceledCallReply } from './call.dto.js';
import { pageParameter, problem, problems, takesBody } from '../../http/problem-response.js';

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

const callSidParameter = ApiParam({
  name: 'callSid',
  description: 'The 32 digits that placing the call returned.',
  example: CALL_SID,
});
const noSuchCall = problem('NOT_FOUND', 'There is no such call, or the callSid is malformed.');

export const FindCallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getCall',
      summary: 'One call and its timeline',
      description:
        'The record and all its events: type, time, time of storage, source, and the change that the event made. ' +
        'An event that changed nothing has no `change`.',
    }),
    callSidParameter,
    ApiResponse({ status: 200, description: 'The call.', type: CallReply }),
    noSuchCall,
  );

export const HangUpCallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'hangUpCall',
      summary: 'Hang up a call',
      description:
        'As `POST /v1/calls/{callSid}/cancel`, for any call: of a user, of a phone, or one that still waits for a provider. ' +
        '`endedBy` is `cancel`, and `canceledBy` is `admin`. The event `canceled` of the timeline, and its change, have ' +
        '`"by": "admin"` in `detail`.',
    }),
    callSidParameter,
    ApiBody({ type: CancelBody, required: false }),
    ApiResponse({
      status: 200,
      description: 'The outcome, and the call in its current state.',
      type: CanceledCallReply,
    }),
    ApiResponse({
      status: 202,
      description: 'The provider does not find the call yet; the hang-up is ordered as soon as it does.',
      type: CanceledCallReply,
    }),
    takesBody('64 KB', { where: '/before', what: 'must be one of 2, 3' }),
    noSuchCall,
    problem('CANCEL_REFUSED', 'The provider refuses to hang up; the call goes on.'),
    problems({
      PROVIDER_UNAVAILABLE: 'the provider cannot be reached, or has failed',
      UNAVAILABLE: 'the database is unavailable, or the process is shutting down',
    }),
  );
