/** What Swagger says of the four endpoints; every failure comes from the error table and not from a second list. */
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
} from '@nestjs/swagger';
import { ERRORS, type ErrorName } from '../common/error-table.js';

const HOTLINE = '010-56469588';
const CALL_SID = '16090510160925480001030600243044';

const envelope = (name: ErrorName) => ({
  returnCode: ERRORS[name].code,
  returnMsg: ERRORS[name].message.replace('{hotline}', HOTLINE),
});

const ENVELOPE_OF_FAILURE = {
  type: 'object',
  required: ['returnCode', 'returnMsg'],
  properties: { returnCode: { type: 'integer' }, returnMsg: { type: 'string' } },
};

/** HTTP 200 with one of these outcomes; the rest with their own status. */
const replies = (dataSchema: object, dataExample: object, outcomes: Partial<Record<ErrorName, string>>) => [
  ApiResponse({
    status: 200,
    description:
      'Success, or one of the contract’s failures: read `returnCode`. ' +
      Object.entries(outcomes)
        .map(([name, when]) => `**${envelope(name as ErrorName).returnMsg}** ${when}.`)
        .join(' '),
    content: {
      'application/json': {
        schema: {
          oneOf: [
            {
              type: 'object',
              required: ['data', 'returnCode', 'returnMsg'],
              properties: {
                data: dataSchema,
                returnCode: { type: 'integer', enum: [200] },
                returnMsg: { type: 'string', enum: ['success'] },
              },
            },
            ENVELOPE_OF_FAILURE,
          ],
        },
        examples: {
          success: { summary: 'Success', value: { data: dataExample, returnCode: 200, returnMsg: 'success' } },
          ...Object.fromEntries(
            Object.entries(outcomes).map(([name, when]) => [
              name,
              { summary: when, value: envelope(name as ErrorName) },
            ]),
          ),
        },
      },
    },
  }),
];

const refusal = (description: string, ...names: ErrorName[]) =>
  ApiResponse({
    status: ERRORS[names[0] ?? 'INTERNAL'].httpStatus,
    description,
    content: {
      'application/json': {
        schema: ENVELOPE_OF_FAILURE,
        examples: Object.fromEntries(names.map((name) => [name, { summary: name, value: envelope(name) }])),
      },
    },
  });

const EVERY_ENDPOINT = [
  ApiTags('App'),
  ApiSecurity('access_token'),
  ApiBearerAuth(),
  refusal('No token, two tokens, or one that is malformed, expired, forged or for somebody else.', 'UNAUTHENTICATED'),
  refusal('The process is shutting down or overloaded.', 'UNAVAILABLE'),
];

const PLACES_A_CALL = [
  refusal('A prefetch must not ring a phone.', 'PREFETCH'),
  refusal('The caller is in a call with somebody else; `Retry-After` is in seconds.', 'ALREADY_IN_A_CALL'),
];

const CALL_DATA = {
  type: 'object',
  required: ['callSid'],
  properties: { callSid: { type: 'string', pattern: '^[0-9]{32}$', description: 'The call’s id: 32 decimal digits.' } },
};

const callSidParameter = ApiParam({
  name: 'callSid',
  description: 'The 32 digits that placing the call returned.',
  example: CALL_SID,
  schema: { type: 'string' },
});

const COMMON_OUTCOMES = {
  CALLER_HAS_NO_PHONE: 'the caller has no phone, or the directory does not know them',
  NO_SUB_ACCOUNT: 'the caller has no sub-account at the provider, or the provider refuses it',
  BAD_CALL_PARAMETERS: 'the target is no user id, or is the caller, or the provider refuses a number',
  SYSTEM: 'the provider could not be reached or failed, or we did',
} as const;

export const CallApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'callUser',
      summary: 'Call a user',
      description:
        'Rings the caller’s own phone, then the target’s, and joins the two. Asking again for the target whom one is ' +
        'already calling gives the running call’s id and rings nobody twice.',
    }),
    ApiParam({
      name: 'targetId',
      description: 'User id of the callee: a Long, 1 to 9223372036854775807.',
      example: '2000',
      schema: { type: 'string' },
    }),
    ...replies(
      CALL_DATA,
      { callSid: CALL_SID },
      {
        ...COMMON_OUTCOMES,
        CALLEE_HAS_NO_PHONE: 'the target is unknown or has no phone',
      },
    ),
    ...EVERY_ENDPOINT,
    ...PLACES_A_CALL,
  );

export const ServiceApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'callCustomerService',
      summary: 'Call customer service',
      description: 'Rings the caller’s own phone, then the first service line that is open.',
    }),
    ...replies(
      CALL_DATA,
      { callSid: CALL_SID },
      {
        ...COMMON_OUTCOMES,
        CALLEE_HAS_NO_PHONE: 'no service line is open',
      },
    ),
    ...EVERY_ENDPOINT,
    ...PLACES_A_CALL,
  );

export const CancelApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'cancelCall',
      summary: 'Cancel a call',
      description: 'Has the provider hang up, in state 1, 2 or 3. Afterwards the call is over.',
    }),
    callSidParameter,
    ...replies(
      { type: 'object', required: ['isSuccess'], properties: { isSuccess: { type: 'string', enum: ['success'] } } },
      { isSuccess: 'success' },
      {
        NOT_YOUR_CALL: 'the callSid is malformed, unknown, or another user’s',
        CANCEL_FAILED: 'the call is over already, or the provider refuses',
        SYSTEM: 'the provider could not be reached or failed, or we did',
      },
    ),
    ...EVERY_ENDPOINT,
    refusal('A prefetch must not hang up a phone.', 'PREFETCH'),
  );

export const StateApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'getCallState',
      summary: 'The state of a call',
      description:
        '`1` requested (the caller’s own phone is being rung), `2` the other party’s phone rings, `3` the other party ' +
        'has answered and the two are connected, `4` over. It never goes back; a step may be skipped. With `after` or ' +
        '`afterNumber` it is a long poll, whose `data` also has the `changes` beyond that, as in the stream.',
    }),
    callSidParameter,
    ApiQuery({
      name: 'after',
      required: false,
      description: 'Long poll: reply when the state is greater than this.',
      schema: { type: 'integer', minimum: 0, maximum: 4 },
    }),
    ApiQuery({
      name: 'afterNumber',
      required: false,
      description: 'Long poll, instead of `after`: reply when there is a change with a greater number.',
      schema: { type: 'integer', minimum: 0 },
    }),
    ApiQuery({
      name: 'wait',
      required: false,
      description: 'Long poll: seconds after which the reply comes in any case.',
      schema: { type: 'number', minimum: 0, maximum: 60, default: 25 },
    }),
    ...replies(
      {
        type: 'object',
        required: ['stateType'],
        properties: {
          stateType: { type: 'string', enum: ['1', '2', '3', '4'] },
          changes: { type: 'array', items: { type: 'object' }, description: 'With a long poll only.' },
        },
      },
      { stateType: '2' },
      {
        NOT_YOUR_CALL: 'the callSid is malformed, unknown, or another user’s',
        SYSTEM: 'the database could not be reached, or we failed',
      },
    ),
    ...EVERY_ENDPOINT,
  );

const EVENT = [
  'id: 2',
  'data: {"type":"call.ringing","timestamp":"2026-11-24T08:00:02.113Z","data":{"callSid":"' +
    CALL_SID +
    '","number":2,"stateType":"2","endReason":null,"occurredAt":"2026-11-24T08:00:02.108Z",' +
    '"callerId":"1001","calleeId":"2000","serviceLineId":null}}',
  '',
  '',
].join('\n');

export const StreamApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'streamCallState',
      summary: 'The state of a call, pushed',
      description:
        'Server-sent events: the latest change at once and every change after it; the end of the stream is the end of ' +
        'the call. The `id` of an event is the change’s number: numbers have no gaps within a call.',
    }),
    callSidParameter,
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'Resumes after the change with this number; browsers send it by themselves.',
      schema: { type: 'string' },
    }),
    ApiResponse({
      status: 200,
      description: 'The events; or, as JSON, the contract’s failures as for the state.',
      content: {
        'text/event-stream': { schema: { type: 'string' }, example: EVENT },
        'application/json': { schema: ENVELOPE_OF_FAILURE, example: envelope('NOT_YOUR_CALL') },
      },
    }),
    ApiResponse({ status: 204, description: 'The call is over, and its last change has been seen: do not come back.' }),
    ...EVERY_ENDPOINT,
  );
