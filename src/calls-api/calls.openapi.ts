/** What Swagger says of the API for backends. */
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiHeader, ApiOperation, ApiParam, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import type { Scope } from '../auth/access.js';
import { REQUESTS_AT_ONCE } from '../auth/user-requests.js';
import { CancelBody } from '../call/cancel/cancel.dto.js';
import { KEPT_HOURS } from '../call/record/idempotent-requests.js';
import { CALL_SID } from '../call/search/call-view.openapi.js';
import { ABOUT_EVENTS, changeBody } from '../call/event-stream.openapi.js';
import { RATE_LIMIT_DOCUMENT } from '../common/rate-limit-headers.js';
import { longPollParameters } from '../call/updates/long-poll.openapi.js';
import { NOT_DIALABLE_PHONE } from '../directory/dialable-phone.js';
import { everyProblemRoute, FAILED_TOKENS, problem, problems, takesBody } from '../http/problem-response.js';
import { WAITING_OF_A_BACKEND } from './backend-events.service.js';
import { MAX_KEY_LENGTH } from './idempotency-key.js';
import { NewCall } from './new-call.dto.js';
import { CancelReply, PlacedCallReply } from './placed-call.dto.js';

const REQUESTS = `the subject of the token has ${REQUESTS_AT_ONCE} requests in progress`;
const BLOCKED = 'an administrator has blocked the subject of the token';

export const CallsApi = (scope: Scope) =>
  applyDecorators(
    ApiTags('Calls'),
    everyProblemRoute(),
    problems({
      FORBIDDEN: `the token lacks the scope \`${scope}\`${scope === 'calls:read' ? ' (or `calls:write`)' : ''}`,
      USER_BLOCKED: BLOCKED,
    }),
    problems(
      {
        TOO_MANY_REQUESTS: REQUESTS,
        REQUESTS_TOO_FREQUENT:
          'the subject has asked for this call, or canceled it, as often as `POLLS_PER_USER` or `CANCELS_PER_USER` allows',
        FAILED_TOKENS_TOO_FREQUENT: FAILED_TOKENS,
      },
      {},
      RATE_LIMIT_DOCUMENT,
    ),
  );

const callSidParameter = ApiParam({
  name: 'callSid',
  description: 'The 32 digits that placing the call returned.',
  schema: { type: 'string', example: CALL_SID },
});

const noSuchCall = problem(
  'NOT_FOUND',
  'The subject of this token has placed no such call, or the callSid is malformed.',
  { detail: 'This token has placed no such call.' },
);

const EXAMPLES = {
  userAndPhone: {
    summary: 'A user of the directory, and any phone',
    value: { caller: { userId: '1001' }, callee: { phone: '138 0000 2000' }, metadata: { ticket: '4711' } },
  },
  phones: {
    summary: 'Two phones, with limits and other terms',
    value: {
      caller: { phone: '139 0000 1001' },
      callee: { phone: '+8613800002000' },
      limits: { ringCaller: 30, ringCallee: 40, longestTalk: 600 },
      record: false,
      notAfter: '2099-11-24T10:16:03Z',
      provider: 'simulator',
    },
  },
  serviceLine: {
    summary: 'A user, and a service line',
    value: { caller: { userId: '1001' }, callee: { serviceLine: '1' } },
  },
};

export const PlaceCallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'placeCall',
      summary: 'Place a call',
      description:
        'Rings the caller, then the callee, and joins the two. Each of them is a user of the directory or any phone. The ' +
        'response comes when a provider has accepted the call. If the provider does not reply within `DIAL_TIMEOUT`, the response ' +
        'has the call in state 1; Ringback finds out the outcome and updates the call.\n\n' +
        `With an \`Idempotency-Key\`, the same request within ${KEPT_HOURS} hours is the same call, on any replica and after a ` +
        'crash. After a refused request, the key can be used again, because no phone was rung.\n\n' +
        'A caller has at most one open call. A caller by phone needs no sub-account: the provider’s default account carries ' +
        'the call. A provider without a default account is passed over.',
    }),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description: `Identifies this request: 1 to ${MAX_KEY_LENGTH} printable ASCII characters, such as a UUID, with or without quotes.`,
      schema: { type: 'string', example: '6f1c4c6e-7a58-4e0c-9a51-0d4f3a1f2b6c' },
    }),
    ApiBody({ type: NewCall, examples: EXAMPLES }),
    ApiResponse({
      status: 201,
      description: 'The new call, or the call of an earlier request with this key.',
      type: PlacedCallReply,
      headers: {
        Location: { description: 'The URL of the call.', schema: { type: 'string' }, example: `/v1/calls/${CALL_SID}` },
        'Idempotent-Replayed': {
          description: '`true` if an earlier request with this key placed the call.',
          schema: { type: 'string', enum: ['true'] },
        },
        ...RATE_LIMIT_DOCUMENT,
      },
    }),
    takesBody('64 KB', { where: '/caller/phone', what: NOT_DIALABLE_PHONE }),
    problems({
      FORBIDDEN: 'the token lacks the scope `calls:write`',
      USER_BLOCKED: `an administrator has blocked the caller, or ${BLOCKED}`,
      CALLS_FROZEN: 'an administrator or a rule has stopped such calls',
      BUDGET_SPENT: 'the call may cost more than a budget has left',
    }),
    problems({
      CALLER_IN_A_CALL: 'the caller has another open call; `callSid` names it if the same subject placed it',
      CALLEE_IN_A_CALL: 'the callee is in another call, and `ONE_CALL_PER_CALLEE` is true',
      CALLEE_IN_QUIET_HOURS: 'it is night by `QUIET_HOURS` where the callee may be; `errors` has the time zone',
      CALL_TOO_LATE: 'Ringback could not ask a provider to dial before `notAfter`',
      REQUEST_IN_PROGRESS: 'the outcome of an earlier request with this `Idempotency-Key` is not known yet',
    }),
    problems({
      UNKNOWN_USER: 'the caller or the callee is not a user of the directory',
      USER_HAS_NO_PHONE: 'the user in the request has no phone',
      UNKNOWN_SERVICE_LINE: 'there is no such service line',
      SERVICE_LINE_CLOSED: 'the service line is closed, or outside its hours',
      UNKNOWN_PROVIDER: 'this service runs no such provider',
      SAME_PHONE: 'caller and callee have the same phone',
      NUMBER_NOT_ALLOWED: 'a number is of a country, a type or a prefix that is not called; `errors` has the rule',
      NUMBER_SUPPRESSED: 'the number of the callee, or of a caller by phone, is on the suppression list',
      NO_ROUTE:
        'no route, or not the `route` of the request, matches the callee’s number; or `provider` is not on that route',
      NO_PROVIDER_ACCOUNT:
        'the caller has no sub-account, or the provider refuses it; or no provider has a default account for a caller by phone',
      EXTENSION_NOT_DIALLED: 'no provider of the route can dial the callee’s extension, or the caller’s phone has one',
      NUMBER_REFUSED: 'the provider refuses a number',
      CALL_NOT_PERMITTED:
        'the provider does not permit the call: a number must be registered there, is barred, or is beyond its reach',
      IDEMPOTENCY_KEY_REUSED: 'an earlier request with this `Idempotency-Key` had another body',
    }),
    problems(
      {
        CALLER_CALLS_TOO_OFTEN: 'the caller has placed as many calls as `CALLS_PER_CALLER` allows',
        CALLER_CALLS_TOO_MANY_NUMBERS: 'the caller has called as many different numbers as `CALLEES_PER_CALLER` allows',
        CALLEE_CALLED_TOO_OFTEN: 'the callee has had as many calls as `CALLS_PER_CALLEE` allows',
        SERVICE_LINE_BUSY: 'the service line has as many calls at a time as its `callsAtOnce`',
        RATE_LIMITED: 'the provider takes no more calls for now, or a party is called too often by its policy',
        TOO_MANY_REQUESTS: REQUESTS,
        FAILED_TOKENS_TOO_FREQUENT: FAILED_TOKENS,
      },
      {},
      RATE_LIMIT_DOCUMENT,
    ),
    problems({
      PROVIDER_UNAVAILABLE: 'the provider cannot be reached, or accepts no calls from this account',
      UNAVAILABLE: 'the database is unavailable, or the process is shutting down',
    }),
  );

export const FindPlacedCallApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getPlacedCall', summary: 'One call' }),
    callSidParameter,
    ApiResponse({ status: 200, description: 'The call in its current state.', type: PlacedCallReply }),
    noSuchCall,
  );

export const PlacedCallEventsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'followPlacedCall',
      summary: 'The changes of a call, as a stream or a long poll',
      description:
        'Server-sent events: the latest change immediately, then every later change, until the call is over. With `after`, ' +
        '`afterNumber` or `wait` the request is a long poll, and the response is JSON. If your backend has many calls, use ' +
        'webhooks, which need no open connection.',
    }),
    callSidParameter,
    ...longPollParameters(),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'Resumes a stream after the change with this number.',
      schema: { type: 'string', example: '2' },
    }),
    ApiResponse({
      status: 200,
      description: `The events. For a long poll, the state and the changes after that point. ${ABOUT_EVENTS}`,
      content: {
        'text/event-stream': changeBody(),
        'application/json': {
          schema: {
            type: 'object',
            required: ['stateType', 'changes'],
            properties: {
              stateType: { type: 'string', enum: ['1', '2', '3', '4'] },
              // By its name: the class is the admin API's, and no arrow leads there.
              changes: { type: 'array', items: { $ref: getSchemaPath('ChangeReply') } },
            },
          },
          example: { stateType: '1', changes: [] },
        },
      },
    }),
    ApiResponse({ status: 204, description: 'The call is over and the client has its last change: do not reconnect.' }),
    problem(
      'BAD_REQUEST',
      'A parameter of the long poll is not a whole number in its range, or both `after…` are given.',
      {
        detail: 'wait must be a whole number from 0 to 60',
      },
    ),
    noSuchCall,
    problems(
      {
        TOO_MANY_REQUESTS: `the subject of the token has ${WAITING_OF_A_BACKEND} streams and long polls open, or ${REQUESTS_AT_ONCE} requests in progress`,
        REQUESTS_TOO_FREQUENT: 'the subject has asked for this call as often as `POLLS_PER_USER` allows',
        FAILED_TOKENS_TOO_FREQUENT: FAILED_TOKENS,
      },
      {},
      RATE_LIMIT_DOCUMENT,
    ),
  );

export const CancelCallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'cancelPlacedCall',
      summary: 'Cancel a call',
      description:
        'Makes the provider hang up, in state 1, 2 or 3. Safe to repeat. With `before`, only a call that has not reached that ' +
        'state is canceled. The provider decides whether the cancel or the call came first, and `outcome` says which.',
    }),
    callSidParameter,
    ApiBody({ type: CancelBody, required: false }),
    ApiResponse({ status: 200, description: 'The outcome, and the call in its current state.', type: CancelReply }),
    ApiResponse({
      status: 202,
      description: 'The provider does not find the call yet; the cancel is ordered as soon as it does.',
      type: CancelReply,
    }),
    takesBody('64 KB', { where: '/before', what: 'must be one of 2, 3' }),
    noSuchCall,
    problem('CANCEL_REFUSED', 'The provider refuses to hang up; the call goes on.'),
    problems({
      PROVIDER_UNAVAILABLE: 'the provider cannot be reached, or has failed',
      UNAVAILABLE: 'the database is unavailable, or the process is shutting down',
    }),
  );
