/** What Swagger says of calls on the administrator's desk. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { CallReply } from './call.bodies.js';
import { problem } from './problem-response.js';

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
      example: '16090510160925480001030600243044',
    }),
    ApiResponse({ status: 200, description: 'The call.', type: CallReply }),
    problem('NOT_FOUND', 'There is no such call; a callSid that is malformed is one that does not exist.'),
  );
