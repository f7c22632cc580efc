/** Compares requests with Twilio's OpenAPI document (twilio-openapi-2.6.7.ts), independently of the test server's own rules. */
import { Ajv, type ValidateFunction } from 'ajv';
import { OPERATIONS, type Operation } from './twilio-openapi-2.6.7.js';

export interface SentRequest {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string | undefined;
  readonly body: string;
}

const FORM = 'application/x-www-form-urlencoded';

// Values in paths, queries and forms are texts, and a list is a repeated name.
const ajv = new Ajv({ allErrors: true, coerceTypes: 'array' });
ajv.addFormat('uri', (text) => URL.canParse(text));
ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
ajv.addFormat('phone-number', /^\+?\d{3,15}$/);
ajv.addFormat('endpoint', /^(?:\+?\d{3,15}|sip:\S+|client:\S+)$/);
ajv.addFormat('twiml', /^(?:<\?xml[^>]*\?>)?<Response\b/);

interface Checked {
  readonly operation: Operation;
  readonly path: RegExp;
  readonly values: ValidateFunction;
}

const onlyThese = (properties: object, required: readonly string[] = []): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const OF_PATH = /\{(\w+)\}/g;

const checked = OPERATIONS.map((operation): Checked => {
  const { path, inPath, inQuery, inForm, required } = operation;
  const parts = { path: onlyThese(inPath), query: onlyThese(inQuery), form: onlyThese(inForm ?? {}, required) };
  return {
    operation,
    path: new RegExp(`^${path.replaceAll('.', String.raw`\.`).replace(OF_PATH, '(?<$1>[^/.]+)')}$`),
    values: ajv.compile(onlyThese(parts, Object.keys(parts))),
  };
});

const valuesOf = (pairs: URLSearchParams): Record<string, string | string[]> =>
  Object.fromEntries(
    [...new Set(pairs.keys())].map((name) => {
      const values = pairs.getAll(name);
      return [name, values.length === 1 ? values[0]! : values];
    }),
  );

/** @returns why the document does not allow the request; null if it does */
export const faultOfRequest = ({ method, url, contentType, body }: SentRequest): string | null => {
  const whole = `${method} ${url.pathname}`;
  const found = checked.find(({ operation, path }) => operation.method === method && path.test(url.pathname));
  if (!found) return `${whole} is no operation`;
  const { operation, path, values } = found;
  const hasForm = contentType?.split(';')[0] === FORM;
  if (operation.inForm ? !hasForm : body !== '') return `${whole}: the body is ${operation.inForm ? 'no' : 'a'} form`;
  const given = {
    path: { ...path.exec(url.pathname)?.groups },
    query: valuesOf(url.searchParams),
    form: valuesOf(new URLSearchParams(body)),
  };
  return values(given) ? null : `${operation.id}: ${ajv.errorsText(values.errors, { dataVar: '' })}`;
};
