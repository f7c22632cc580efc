/** Swagger documentation of the suppression list as CSV. */
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { MAX_IMPORTED } from '../../directory/suppression-csv.js';
import { problem } from '../../http/problem-response.js';
import { SuppressionsStored } from './suppression.dto.js';

export const ExportSuppressionsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'exportSuppressions',
      summary: 'All numbers that must not be called, as CSV',
      description:
        'Oldest first, in UTF-8 with a byte order mark, for spreadsheets. A cell that a spreadsheet would take for a formula ' +
        'begins with an apostrophe, and so does a number with its plus; an import removes it. If the response ends before its ' +
        'last chunk, the list is not complete.',
    }),
    ApiResponse({
      status: 200,
      description: 'The list.',
      headers: {
        'Content-Disposition': {
          description: 'A name for the file.',
          schema: { type: 'string' },
          example: 'attachment; filename="suppressions.csv"',
        },
      },
      content: { 'text/csv': { schema: { type: 'string' }, example: EXPORTED } },
    }),
  );

export const ImportSuppressionsApi = () =>
  applyDecorators(
    ApiOperation({
      operationId: 'importSuppressions',
      summary: 'Add many numbers that must not be called, from CSV',
      description:
        `Up to ${MAX_IMPORTED} rows, all or none. A row adds its number, or replaces what is known of it. The first row names the ` +
        'columns: `phone`, and any of `reason`, `source` and `until`; an empty cell is none. `createdAt` is ignored. Numbers ' +
        'that are not in the file stay on the list, and the import of an export changes nothing.',
    }),
    ApiConsumes('text/csv'),
    ApiBody({ schema: { type: 'string', example: IMPORTED } }),
    ApiResponse({ status: 200, description: 'How many entries are new, or were changed.', type: SuppressionsStored }),
    problem('BAD_REQUEST', 'Not CSV in UTF-8, or a cell is wrong; `errors` names the line and the column of each.', {
      detail: 'Nothing has been changed: every row must be valid.',
      errors: [{ where: 'line 18, phone', what: NOT_DIALABLE }],
    }),
    problem('TOO_LARGE', `The body is over 8 MB or has more than ${MAX_IMPORTED} rows.`),
    problem(
      'UNSUPPORTED_MEDIA_TYPE',
      'The body is not `text/csv`, its `charset` is not UTF-8, or it has a `Content-Encoding`.',
    ),
  );

const EXPORTED = `\ufeffphone,reason,source,until,createdAt\r
'+8613800002000,asked not to be called,hotline,,2026-11-24T10:16:03.120Z\r
95588,,register,2027-01-01T00:00:00.000Z,2026-11-24T10:16:03.120Z\r
`;

const IMPORTED = `phone,reason,source,until
138 0000 2000,asked not to be called,hotline,
95588,,register,2027-01-01T00:00:00.000Z
`;
