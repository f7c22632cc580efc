/** Swagger documentation of the contract's replies, built from the error table. */
import { ApiResponse } from '@nestjs/swagger';
import { failure, success } from '../common/contract-envelope.js';
import { ERRORS, type ErrorName } from '../common/error-table.js';

export const successExample = (summary: string, data: object) => ({ summary, value: success(data) });

export const failureExample = (name: ErrorName) =>
  failure(ERRORS[name].code, ERRORS[name].message.replace('{hotline}', '010-56469588'));

const envelope = (returnCodes: number[], returnMsg: object, data?: object) => ({
  type: 'object',
  required: [...(data ? ['data'] : []), 'returnCode', 'returnMsg'],
  properties: { ...(data && { data }), returnCode: { type: 'integer', enum: returnCodes }, returnMsg },
});

export const SUCCESS = { type: 'string', enum: ['success'] };
/**
 * One message contains SERVICE_HOTLINE, so the values of `returnMsg` are listed in the reply's table and not as an
 * enum.
 */
export const FAILURE = envelope([400, 500], { type: 'string' });

export const objectWith = (required: string, properties: Record<string, object>) => ({
  type: 'object',
  required: [required],
  properties,
});

/** A header, because the envelope must stay byte for byte what the clients of 2016 expect. */
const errorName = (names: string[]) => ({
  'X-Ringback-Error': {
    description: 'The name of the failure; branch on it. Absent if the request succeeded.',
    schema: { type: 'string', enum: names },
  },
});

const CHALLENGE = {
  'WWW-Authenticate': {
    description: 'Why the token is refused (RFC 6750, 3).',
    schema: { type: 'string' },
    example: 'Bearer error="invalid_token", error_description="The token expired 12 s ago."',
  },
};

/** The outcomes that the contract sends with HTTP 200. All other refusals have their own status. */
export const replies = (
  data: object,
  successes: Record<string, object>,
  outcomes: Partial<Record<ErrorName, string>>,
  headers: Record<string, object> = {},
) => {
  const failures = Object.entries(outcomes).map(([name, when]) => ({
    name,
    when,
    value: failureExample(name as ErrorName),
  }));
  const rows = failures.map(({ when, value }) => `| ${value.returnCode} | ${value.returnMsg} | ${when} |`);
  const examples = failures.map(({ name, when, value }) => [name, { summary: when, value }] as const);
  return ApiResponse({
    status: 200,
    description: [
      'Success, or the first of these failures that applies:\n',
      '| returnCode | returnMsg | when |',
      '| --- | --- | --- |',
      ...rows,
    ].join('\n'),
    headers: { ...errorName(failures.map(({ name }) => name)), ...headers },
    content: {
      'application/json': {
        schema: { oneOf: [envelope([200], SUCCESS, data), FAILURE] },
        examples: { ...successes, ...Object.fromEntries(examples) },
      },
    },
  });
};

/** @param names errors that share one HTTP status */
export const refusal = (
  names: ErrorName | readonly ErrorName[],
  description: string,
  headers: Record<string, object> = {},
) => {
  const rows = [names].flat().map((name) => ({ name, ...ERRORS[name], value: failureExample(name) }));
  const [first] = rows;
  const status = first?.httpStatus ?? 500;
  return ApiResponse({
    status,
    description,
    headers: { ...errorName([names].flat()), ...(status === 401 && CHALLENGE), ...headers },
    content: {
      'application/json': {
        schema: envelope([...new Set(rows.map(({ code }) => code))], {
          type: 'string',
          enum: [...new Set(rows.map(({ message }) => message))],
        }),
        ...(rows.length === 1
          ? { example: first?.value }
          : { examples: Object.fromEntries(rows.map(({ name, value }) => [name, { value }])) }),
      },
    },
  });
};
