/** Swagger documentation of the freezes. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { NO_SUCH_USER } from '../../directory/subject.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { FreezePage, FrozenReply } from './freeze.dto.js';

export const FreezeApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'freeze',
      summary: 'Stop calls at once',
      description:
        'No such call is placed any more, by any replica, until the freeze is lifted. Callers who are in a call may poll and cancel ' +
        'it. Each new freeze is announced to the webhook endpoints, as `protection.frozen`.',
    }),
    ApiResponse({ status: 201, description: 'Frozen.', type: FrozenReply }),
    ApiResponse({ status: 200, description: 'It was frozen already; this is the earlier freeze.', type: FrozenReply }),
    takesBody('64 KB', { where: '/subject', what: NO_SUCH_USER }),
    problem('CONFLICT', 'Another request is lifting the same freeze.'),
  );

export const ListFreezesApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'listFreezes', summary: 'List the freezes in force', description: 'Oldest first.' }),
    ApiResponse({ status: 200, description: 'One page.', type: FreezePage }),
    takesPage('50'),
  );

export const LiftFreezeApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'liftFreeze',
      summary: 'Allow frozen calls again',
      description: 'Effective at once, on every replica. A rule then counts from now on.',
    }),
    ApiParam({ name: 'freezeId', description: 'The id of the freeze.', example: '1' }),
    ApiResponse({ status: 204, description: 'Lifted.' }),
    takesNoBody(),
    problem('NOT_FOUND', 'There is no such freeze in force.'),
  );
