/** Swagger documentation of the four endpoints. All failures come from the error table, so there is no second list. */
import { REQUESTS_AT_ONCE } from '../auth/user-requests.js';
import { RATE_LIMIT_DOCUMENT } from '../common/rate-limit-headers.js';
import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiResponse,
  ApiSecurity,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { FAILURE, failureExample, objectWith, refusal, replies, SUCCESS, successExample } from './contract-replies.js';
import { CALL_SID } from './search/call-view.openapi.js';
import { ABOUT_EVENTS, changeBody, CHANGE_EXAMPLE } from './event-stream.openapi.js';
import { longPollParameters } from './updates/long-poll.openapi.js';
import { WAITING_AT_ONCE } from './updates/waiting-clients.js';

/**
 * A function, because ApiSecurity passes what it has collected for one route on to the next route that it decorates.
 */
const everyEndpoint = () => [
  ApiTags('App'),
  ApiSecurity('access_token'),
  ApiBearerAuth(),
  refusal(
    'UNAUTHENTICATED',
    'No token, two tokens, or one that is malformed, expired, forged or issued for another service.',
  ),
  refusal(
    'UNAVAILABLE',
    'The process is shutting down, has STREAMS_AT_ONCE streams and long polls open, or cannot fetch the keys that verify tokens.',
  ),
];

const FAILED_TOKENS = 'Or the address has sent as many tokens that failed as `FAILED_TOKENS_PER_ADDRESS` allows.';

const RETRY_AFTER = { 'Retry-After': { description: 'In seconds.', schema: { type: 'integer' }, example: 10 } };
const LIMITED = { ...RETRY_AFTER, ...RATE_LIMIT_DOCUMENT };

const PROVIDER_FAILED = 'the provider could not be reached or failed, or Ringback failed';
const NOT_YOUR_CALL = 'the callSid is malformed, unknown, or another user’s';

const NO_ACT_OF_A_USER =
  'The request is a prefetch, a link preview, a resource that a page embeds (`Sec-Fetch-Dest`) or a navigation from another site ' +
  '(`Sec-Fetch-Site`).';

const holdsARequestOpen = () => [
  refusal(
    ['TOO_MANY_WAITING', 'TOO_FREQUENT', 'TOO_MANY_FAILED_TOKENS'],
    `The user has ${WAITING_AT_ONCE} streams and long polls open already, or ${REQUESTS_AT_ONCE} requests in progress, or has sent as ` +
      `many state requests as \`POLLS_PER_USER\` allows. ${FAILED_TOKENS}`,
    LIMITED,
  ),
  refusal('CALLER_BLOCKED', 'The user is blocked, such calls are frozen, or a budget is spent.'),
];

const placesACall = (badParameters: string, noCallee: string) => [
  replies(
    objectWith('callSid', { callSid: { type: 'string', pattern: '^[0-9]{32}$', description: 'The call’s id.' } }),
    { success: successExample('Success', { callSid: CALL_SID }) },
    {
      BAD_CALL_PARAMETERS: badParameters,
      CALLER_HAS_NO_PHONE: 'the caller has no phone, or is not in the directory',
      CALLEE_HAS_NO_PHONE: noCallee,
      NO_SUB_ACCOUNT: 'the caller has no sub-account at the provider, or the provider refuses it',
      SYSTEM: PROVIDER_FAILED,
    },
    RATE_LIMIT_DOCUMENT,
  ),
  ...everyEndpoint(),
  refusal(
    ['PREFETCH', 'CALLER_BLOCKED', 'CALLEE_UNAVAILABLE'],
    `${NO_ACT_OF_A_USER} It must not ring a phone. Or the user is blocked. Or the callee must not be called, at least not now.`,
  ),
  refusal(
    ['ALREADY_IN_A_CALL', 'TOO_MANY_CALLS', 'TOO_MANY_WAITING', 'TOO_MANY_FAILED_TOKENS'],
    'The caller is in a call with another callee, or has placed as many calls as `CALLS_PER_CALLER` allows, or called as many numbers as `CALLEES_PER_CALLER` allows. Or all open service lines are busy. Or the provider refuses because the caller or the callee is called too often. Or the user has too many requests in progress. ' +
      FAILED_TOKENS,
    LIMITED,
  ),
];

const callSidParameter = ApiParam({
  name: 'callSid',
  description: 'The 32 digits that placing the call returned.',
  schema: { type: 'string', example: CALL_SID },
});

export const CallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'callUser',
      summary: 'Call a user',
      description:
        'Rings the caller’s own phone, then the target’s, and connects the two. If the caller already has an open call ' +
        'to this target, the reply has the callSid of that call and no phone is rung again.',
    }),
    ApiParam({
      name: 'targetId',
      description: 'User id of the callee: a Long, 1 to 9223372036854775807.',
      schema: { type: 'string', example: '2000' },
    }),
    ...placesACall(
      'the target is not a user id, or is the caller, or the provider refuses a number or does not permit the call',
      'the target is unknown or has no phone',
    ),
  );

export const ServiceApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'callCustomerService',
      summary: 'Call customer service',
      description: 'Rings the caller’s own phone, then the first service line that is open now and not busy.',
    }),
    ...placesACall('the provider refuses a number or does not permit the call', 'no service line is open now'),
  );

export const CancelApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'cancelCall',
      summary: 'Cancel a call',
      description:
        'Makes the provider hang up, in state 1, 2 or 3. Afterwards the call is over. If the provider does not find the call ' +
        'yet, because its reply to the dial is outstanding or was lost, the cancel is accepted and executed as soon as ' +
        'the call is found. With `before`, only a call that has not reached that state is canceled. The provider decides once ' +
        'whether the cancel or the answer came first, so the reply, the record and the phones agree.',
    }),
    callSidParameter,
    ApiQuery({
      name: 'before',
      required: false,
      description: 'Cancel the call only if it has not reached this state.',
      schema: { type: 'string', enum: ['2', '3'] },
    }),
    replies(
      objectWith('isSuccess', { isSuccess: SUCCESS }),
      { success: successExample('Success', { isSuccess: 'success' }) },
      {
        NOT_YOUR_CALL,
        CANCEL_FAILED: 'the call is over already, or has reached the state of `before`, or the provider refuses',
        SYSTEM: PROVIDER_FAILED,
      },
    ),
    ...everyEndpoint(),
    refusal(['PREFETCH', 'CALLER_BLOCKED'], `${NO_ACT_OF_A_USER} It must not hang up a phone. Or the user is blocked.`),
    refusal('BAD_REQUEST', '`before` is neither 2 nor 3.'),
    refusal(
      ['TOO_FREQUENT', 'TOO_MANY_FAILED_TOKENS'],
      `The user has sent as many cancels as \`CANCELS_PER_USER\` allows. ${FAILED_TOKENS}`,
      LIMITED,
    ),
  );

export const StateApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getCallState',
      summary: 'The state of a call',
      description:
        '`1` requested (the caller’s own phone is rung), `2` the other party’s phone rings, `3` the other party ' +
        'has answered and the two are connected, `4` over. The state never decreases; it may skip a step. With `after`, ' +
        '`afterNumber` or `wait` the request is a long poll. Its `data` also has the `changes` after that point, as in the stream.',
    }),
    callSidParameter,
    ...longPollParameters(),
    replies(
      objectWith('stateType', {
        stateType: { type: 'string', enum: ['1', '2', '3', '4'] },
        // By name: the class belongs to the admin module, and src/call must not import src/admin.
        changes: {
          type: 'array',
          items: { $ref: getSchemaPath('ChangeReply') },
          description: 'Only in the reply to a long poll.',
        },
      }),
      {
        success: successExample('Success', { stateType: '2' }),
        longPoll: successExample('Success of a long poll', { stateType: '2', changes: [CHANGE_EXAMPLE] }),
      },
      { NOT_YOUR_CALL, SYSTEM: 'the database could not be reached, or Ringback failed' },
    ),
    refusal(
      'BAD_REQUEST',
      'A parameter of the long poll is not a whole number in its range, or both `after…` are given.',
    ),
    ...holdsARequestOpen(),
    ...everyEndpoint(),
  );

export const StreamApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'streamCallState',
      summary: 'The state of a call, pushed',
      description:
        'Server-sent events: the latest change immediately, then every later change. The stream ends when the call is over, ' +
        'or within a minute after the token expires. Swagger UI shows the events only once the stream has ended. The `id` of an event is the number of the change. Numbers have no gaps ' +
        'within a call.',
    }),
    callSidParameter,
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'Resume after the change with this number. Browsers send it when they reconnect.',
      schema: { type: 'string', example: '2' },
    }),
    ApiResponse({
      status: 200,
      description: `The events. ${ABOUT_EVENTS} A failure of the contract is sent as JSON, as for the state.`,
      content: {
        'text/event-stream': changeBody(),
        // With its charset, because Swagger UI would otherwise show this one first.
        'application/json; charset=utf-8': { schema: FAILURE, example: failureExample('NOT_YOUR_CALL') },
      },
    }),
    ApiResponse({ status: 204, description: 'The call is over and the client has its last change: do not reconnect.' }),
    ...holdsARequestOpen(),
    ...everyEndpoint(),
  );
