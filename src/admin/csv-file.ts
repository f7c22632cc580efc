/** A list that goes out and comes in as a CSV file: its response, its body, and their Swagger documentation. */
import { Readable } from 'node:stream';
import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiResponse } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { CsvBody } from '../common/csv.js';
import type { Fault } from '../common/error-table.js';
import { problem } from '../http/problem-response.js';

/** 50,000 rows with 40 Chinese characters each. */
export const CSV_LIMIT_BYTES = 8 * 1024 * 1024;

export const CSV_TYPE = 'text/csv; charset=utf-8; header=present';

/** Reads each part when the client has taken the one before. */
export const sendFile = (
  reply: FastifyReply,
  { name, type }: { readonly name: string; readonly type: string },
  parts: AsyncIterable<string>,
): void => {
  void reply.type(type).header('content-disposition', `attachment; filename="${name}"`).send(Readable.from(parts));
};

export const sendCsv = (reply: FastifyReply, name: string, parts: AsyncIterable<string>): void => {
  sendFile(reply, { name, type: CSV_TYPE }, parts);
};

/** A request without a body has an empty file. */
export const csvOf = (body: unknown): CsvBody => (body as CsvBody | undefined) ?? { text: '', encoding: 'UTF-8' };

export const sendsCsv = (name: string, example: string) => sendsFile(name, 'text/csv', example);

export const sendsFile = (name: string, type: string, example: string) =>
  ApiResponse({
    status: 200,
    description: 'The list.',
    headers: {
      'Content-Disposition': {
        description: 'A name for the file.',
        schema: { type: 'string' },
        example: `attachment; filename="${name}"`,
      },
    },
    content: { [type]: { schema: { type: 'string' }, example } },
  });

interface CsvFile {
  readonly maxRows: number;
  readonly example: string;
  readonly fault: Fault;
  readonly limit?: string;
}

export const takesCsv = ({ maxRows, example, fault, limit = '8 MB' }: CsvFile) =>
  applyDecorators(
    ApiConsumes('text/csv'),
    ApiBody({ schema: { type: 'string', example } }),
    problem(
      'BAD_REQUEST',
      `Not CSV in UTF-8 or GB18030, or a cell is wrong; \`errors\` names the line and the column of each.`,
      {
        detail: 'Nothing has been changed: every row must be valid.',
        errors: [fault],
      },
    ),
    problem('TOO_LARGE', `The body is over ${limit} or has more than ${maxRows} rows.`),
    problem(
      'UNSUPPORTED_MEDIA_TYPE',
      `The body is not \`text/csv\`, its \`charset\` is not UTF-8 or GB18030, or it has a \`Content-Encoding\`.`,
    ),
  );
