/** Swagger documentation of the suppression list as CSV. */
import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';
import { NOT_DIALABLE } from '../../directory/dialable-phone.js';
import { MAX_IMPORTED } from '../../directory/suppression-csv.js';
import { sendsCsv, takesCsv } from '../csv-file.js';
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
    sendsCsv('suppressions.csv', EXPORTED),
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
    ApiResponse({ status: 200, description: 'How many entries are new, or were changed.', type: SuppressionsStored }),
    takesCsv({ maxRows: MAX_IMPORTED, example: IMPORTED, fault: { where: 'line 18, phone', what: NOT_DIALABLE } }),
  );

const EXPORTED = `\ufeffphone,reason,source,until,createdAt\r
'+8613800002000,asked not to be called,hotline,,2026-11-24T10:16:03.120Z\r
95588,,register,2027-01-01T00:00:00.000Z,2026-11-24T10:16:03.120Z\r
`;

const IMPORTED = `phone,reason,source,until
138 0000 2000,asked not to be called,hotline,
95588,,register,2027-01-01T00:00:00.000Z
`;
