/** Swagger documentation of the suppression list. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { SuppressionPage, SuppressionsStored } from './suppression.dto.js';

export const StoreSuppressionsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'storeSuppressions',
      summary: 'Add numbers that must not be called',
      description:
        'Adds each number to the suppression list, or replaces what is known of it: all or none. Calls to these numbers are ' +
        'refused at once, on every replica. Running calls go on. Other numbers stay unchanged.',
    }),
    ApiResponse({ status: 200, description: 'How many entries are new, or were changed.', type: SuppressionsStored }),
    takesBody('64 KB', { where: '/suppressions/0/phone', what: NOT_DIALABLE }),
  );

export const ListSuppressionsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listSuppressions',
      summary: 'List numbers that must not be called',
      description: 'Oldest first. An entry whose `until` has passed stays on the list, and no longer prevents calls.',
    }),
    ApiResponse({ status: 200, description: 'One page.', type: SuppressionPage }),
    takesPage('50'),
  );

export const RemoveSuppressionApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'removeSuppression', summary: 'Allow calls to a number again' }),
    ApiParam({ name: 'suppressionId', description: 'The id of the entry.', example: '1' }),
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    problem('NOT_FOUND', 'There is no such entry.'),
  );
