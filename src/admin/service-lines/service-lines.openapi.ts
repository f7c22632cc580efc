/** Swagger documentation of service lines. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiResponse } from '@nestjs/swagger';
import { NOT_DIALABLE_PHONE } from '../../directory/dialable-phone.js';
import { problem, takesBody, takesNoBody, takesPage } from '../../http/problem-response.js';
import { ServiceLinePage, ServiceLineReply } from './service-line.dto.js';

const lineIdParameter = ApiParam({ name: 'lineId', description: 'The line’s id.', example: '1' });
const noSuchLine = problem('NOT_FOUND', 'There is no such service line.');
const BAD_PHONE = { where: '/phone', what: NOT_DIALABLE_PHONE };

export const CreateServiceLineApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'createServiceLine', summary: 'Create a service line' }),
    ApiResponse({
      status: 201,
      description: 'Created.',
      type: ServiceLineReply,
      headers: {
        Location: {
          description: 'The URL of the line.',
          schema: { type: 'string' },
          example: '/v1/admin/service-lines/1',
        },
      },
    }),
    takesBody('64 KB', BAD_PHONE),
  );

export const ListServiceLinesApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'listServiceLines',
      summary: 'List service lines',
      description: 'Ordered by position, then id: the first one that is open now and has a call to spare is rung.',
    }),
    ApiResponse({ status: 200, description: 'One page.', type: ServiceLinePage }),
    takesPage('1-1'),
  );

export const FindServiceLineApi = () =>
  applyDecorators(
    ApiOperation({ operationId: 'getServiceLine', summary: 'One service line' }),
    lineIdParameter,
    ApiResponse({ status: 200, description: 'The line.', type: ServiceLineReply }),
    noSuchLine,
  );

export const ChangeServiceLineApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'changeServiceLine',
      summary: 'Change a service line',
      description:
        'Absent fields stay unchanged: `{"open": false}` closes the line. `hours` and `phones` are replaced as a whole; `phone` replaces all phones. Open calls go on.',
    }),
    lineIdParameter,
    ApiResponse({ status: 200, description: 'The changed line.', type: ServiceLineReply }),
    takesBody('64 KB', BAD_PHONE),
    noSuchLine,
  );

export const RemoveServiceLineApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'removeServiceLine',
      summary: 'Remove a service line',
      description: 'The records of its calls are kept.',
    }),
    lineIdParameter,
    ApiResponse({ status: 204, description: 'Removed.' }),
    takesNoBody(),
    noSuchLine,
  );
