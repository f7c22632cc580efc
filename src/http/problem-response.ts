/** Swagger documentation of the admin API's failures: problem bodies (RFC 9457) from the error table. */
import { applyDecorators } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiQuery,
  ApiResponse,
  ApiTags,
  getSchemaPath,
} from '@nestjs/swagger';
import { ERRORS, type ErrorName, type Fault } from '../common/error-table.js';
import { RATE_LIMIT_DOCUMENT } from '../common/rate-limit-headers.js';
import type { ADMIN_TAGS } from './api-tags.js';

class ProblemFault implements Fault {
  @ApiProperty({ description: 'A JSON pointer into the body, or the name of a parameter.', example: '/phone' })
  where: string;

  @ApiProperty({ example: 'must be a string such as "13800138000"' })
  what: string;
}

/** The contract's own outcomes have HTTP status 200 and are never a problem. */
const CODES = Object.entries(ERRORS).flatMap(([code, { httpStatus }]) => (httpStatus === 200 ? [] : [code]));

class Problem {
  @ApiProperty({ example: 'about:blank' })
  type: string;

  @ApiProperty({ description: 'The same for every problem of this code.', example: ERRORS.BAD_REQUEST.message })
  title: string;

  @ApiProperty({ type: 'integer', description: 'The HTTP status.', example: 400 })
  status: number;

  @ApiProperty({ description: 'Stable; branch on it.', enum: CODES, example: 'BAD_REQUEST' })
  code: string;

  @ApiPropertyOptional({ description: 'What was seen, what was expected, what to do; for people.' })
  detail?: string;

  @ApiPropertyOptional({ type: [ProblemFault], description: 'All faults of the request.' })
  errors?: ProblemFault[];

  @ApiProperty({ description: 'The id of the request on its log lines.', example: '5d7e2d3a9f10-1c8' })
  requestId: string;

  @ApiPropertyOptional({
    description: 'Of the call that a provider refused; or of the caller’s open call, if the same subject placed it.',
    example: '16090510160925480001030600243044',
  })
  callSid?: string;
}

/** For the document, which names the schema `Problem`. */
export const ProblemModel = Problem;

interface Example {
  readonly detail?: string;
  readonly errors?: readonly Fault[];
}

type Headers = Record<string, { description: string; schema: { type: 'string' }; example: string }>;

export const problem = (code: ErrorName, description: string, example: Example = {}, headers?: Headers) =>
  problemResponse(code, description, headers, { example: shown(code, example) });

/** Of one HTTP status, each code with when it comes, and an example of each. @param example of the first */
export const problems = (codes: Partial<Record<ErrorName, string>>, example: Example = {}, headers?: Headers) => {
  const names = Object.keys(codes) as ErrorName[];
  const [first = 'INTERNAL'] = names;
  const rows = Object.entries(codes).map(([code, when]) => `| \`${code}\` | ${when} |`);
  const examples = names.map((code) => {
    const value = shown(code, code === first ? example : {});
    return [code, { summary: codes[code], value }];
  });
  return problemResponse(first, ['| `code` | when |', '| --- | --- |', ...rows].join('\n'), headers, {
    examples: Object.fromEntries(examples) as Record<string, object>,
  });
};

const shown = (code: ErrorName, example: Example) => ({
  type: 'about:blank',
  title: ERRORS[code].message,
  status: ERRORS[code].httpStatus,
  code,
  ...example,
  requestId: '5d7e2d3a9f10-1c8',
});

const problemResponse = (
  code: ErrorName,
  description: string,
  headers: Headers | undefined,
  examples: { example: object } | { examples: Record<string, object> },
) =>
  ApiResponse({
    status: ERRORS[code].httpStatus,
    description,
    ...(headers && { headers }),
    content: { 'application/problem+json': { schema: { $ref: getSchemaPath(Problem) }, ...examples } },
  });

/** The responses that all routes of the admin API share. */
export const AdminApi = (tag: keyof typeof ADMIN_TAGS) =>
  applyDecorators(ApiTags(tag), everyProblemRoute(), problem('FORBIDDEN', 'The token lacks the scope `admin`.'));

export const FAILED_TOKENS = 'The address has sent as many tokens that failed as `FAILED_TOKENS_PER_ADDRESS` allows.';

/** The responses that all routes with problem bodies and a token share, but for the scope. */
export const everyProblemRoute = () =>
  applyDecorators(
    // One way alone, so that generated clients need no choice. A token in the query is accepted too.
    ApiBearerAuth(),
    ApiExtraModels(Problem),
    problem(
      'UNAUTHENTICATED',
      'No token, two tokens, or one that is malformed, expired, forged or issued for another service; or an API key that is ' +
        'mistyped, unknown, revoked, expired or in the URL.',
    ),
    problem('FAILED_TOKENS_TOO_FREQUENT', FAILED_TOKENS, {}, RATE_LIMIT_DOCUMENT),
    problem('INTERNAL', 'A bug; see the log lines with the request id.'),
    problem('UNAVAILABLE', 'The database is unavailable, or the process is shutting down.'),
  );

/** @param next an example of the list's `next` */
export const pageParameter = (next: string) =>
  ApiQuery({ name: 'after', required: false, schema: { type: 'string', example: next } });

/** The parameters of a list without filters. */
export const takesPage = (next: string) =>
  applyDecorators(
    pageParameter(next),
    problem('BAD_REQUEST', 'A parameter is wrong or unknown.', {
      errors: [{ where: 'after', what: 'must be the `next` of a page of this list' }],
    }),
  );

/** The failures of any body. The faults are the route's own. */
export const takesBody = (max: string, ...errors: readonly Fault[]) =>
  applyDecorators(
    problem('BAD_REQUEST', 'Not JSON in UTF-8, or a field is missing, wrong or unknown; `errors` names each.', {
      errors,
    }),
    problem('TOO_LARGE', `The body is over ${max}.`),
    problem(
      'UNSUPPORTED_MEDIA_TYPE',
      'The body is not `application/json`, its `charset` is not UTF-8, or it has a `Content-Encoding`.',
    ),
  );

/** For a DELETE, or a POST without fields. A body is not needed, but if there is one, it must be valid. */
export const takesNoBody = () =>
  applyDecorators(
    problem('BAD_REQUEST', 'A body was sent, which is not needed, and it is not JSON in UTF-8.'),
    problem('TOO_LARGE', 'A body was sent, which is not needed, and it is over 64 KB.'),
    problem(
      'UNSUPPORTED_MEDIA_TYPE',
      'A body was sent, which is not needed, and it is not `application/json` in UTF-8 without a `Content-Encoding`.',
    ),
  );
