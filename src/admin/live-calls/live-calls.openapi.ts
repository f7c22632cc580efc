/** Swagger documentation of the stream of live calls. */
import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import type { ResetReason } from '../../call/live/live-calls.service.js';
import { MAX_CHANGES } from '../../call/live/read-live-calls.js';
import { CALL_SID } from '../../call/search/call-view.openapi.js';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { FAILED_TOKENS, problem, problems } from '../../http/problem-response.js';
import { ChangeReply, FoundCall } from '../calls/call.dto.js';
import { DESKS_AT_ONCE } from './live-calls.service.js';
import { RATE_LIMIT_DOCUMENT } from '../../common/rate-limit-headers.js';

class LiveChangeReply {
  @ApiProperty({ type: ChangeReply, description: 'As the stream of a call, the long poll and webhooks send it.' })
  change: ChangeReply;

  @ApiProperty({ type: FoundCall, description: 'The record when the change was read; it may be ahead of the change.' })
  call: FoundCall;
}

const RESET_REASONS: readonly ResetReason[] = ['position_unknown', 'too_many_changes'];

/** One schema for the data of all events: `event` says which fields it has. */
class LiveEventReply {
  @ApiPropertyOptional({
    oneOf: [{ type: 'array', items: { $ref: getSchemaPath(FoundCall) } }, { type: 'integer' }],
    description: '`calls`: live calls. `live`: how many there are.',
    example: 1,
  })
  calls?: readonly FoundCall[] | number;

  @ApiPropertyOptional({
    type: [LiveChangeReply],
    description: '`changes`: those of one call in the order of their numbers.',
  })
  changes?: readonly LiveChangeReply[];

  @ApiPropertyOptional({
    type: [String],
    description:
      '`changes`: calls that do not match the filters any more: their `stateType`, `provider` or `calleePhone` has changed. After a ' +
      'stream was resumed, calls that you do not have may be among them.',
    example: [CALL_SID],
  })
  gone?: readonly string[];

  @ApiPropertyOptional({ enum: RESET_REASONS, description: '`reset`.', example: 'too_many_changes' })
  reason?: ResetReason;
}

export const WatchCallsApi = () =>
  applyDecorators(
    ApiExtraModels(LiveEventReply, LiveChangeReply),
    ApiOperation({
      operationId: 'watchCalls',
      summary: 'All live calls and their changes, as a stream',
      description:
        'Server-sent events; `data` is one line of JSON. A call must match all given parameters.\n\n' +
        '| `event` | `data` | |\n| --- | --- | --- |\n' +
        '| `calls` | `{"calls": […]}` | Live calls, at the beginning, in chunks. |\n' +
        '| `live` | `{"calls": 17}` | The calls are complete. |\n' +
        '| `changes` | `{"changes": [{"change": …, "call": …}], "gone": […]}` | Each change once, about a tenth of a second after it. A call ' +
        'with `stateType` `4` has left; so have those of `gone`. |\n' +
        '| `reset` | `{"reason": …}` | Drop all calls: they follow anew. |\n\n' +
        'With `Last-Event-ID`, on any replica, the stream goes on with the change after it, and nothing is missed or sent twice. If that is ' +
        `impossible, the first event is \`reset\`: \`too_many_changes\` (more than ${MAX_CHANGES}), or \`position_unknown\`, as after a ` +
        'restart of the database. An `id` may come without `data`.\n\n' +
        'With `stateType`, a call is in `gone` as soon as its state is none of these, also at its end. The change that ends it is sent if `4` ' +
        'is one of them. A date in `from` or `to` is read once, when the stream begins.\n\n' +
        'Reports about a call that is over are not sent. A stream ends with its token or API key, and when the process stops; a client that ' +
        'reads too slowly is cut. Both resume.',
    }),
    ApiHeader({
      name: 'Last-Event-ID',
      required: false,
      description: 'The `id` of the last event.',
      schema: { type: 'string', example: '1764000000000-840:844:841' },
    }),
    ApiResponse({
      status: 200,
      description: 'The events. The schema is that of `data`.',
      content: {
        'text/event-stream': {
          schema: { $ref: getSchemaPath(LiveEventReply) },
          example: { calls: 17 },
        },
      },
    }),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown; `errors` names each.', {
      errors: [{ where: '/phone', what: NOT_DIALABLE }],
    }),
    problems(
      {
        TOO_MANY_REQUESTS: `the subject of the token has ${DESKS_AT_ONCE} streams open`,
        FAILED_TOKENS_TOO_FREQUENT: FAILED_TOKENS,
      },
      {},
      RATE_LIMIT_DOCUMENT,
    ),
  );
