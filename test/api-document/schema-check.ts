import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ApiDocument, Schema } from './document.js';

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** @returns the fault of the value, or null */
export type SchemaCheck = (schema: Schema, value: unknown) => string | null;

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. A misspelled keyword in a schema is an error too. */
export const checkWith = ({ components }: ApiDocument): SchemaCheck => {
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  // Keywords that OpenAPI adds to the dialect, and the target of its references.
  ajv.addVocabulary(['example', 'components']);
  ajv.addFormat('date-time', RFC_3339);
  ajv.addFormat('uri', (text) => URL.canParse(text));
  ajv.addFormat('password', true);
  const compiled = new Map<Schema, ValidateFunction>();
  return (schema, value) => {
    const validate = compiled.get(schema) ?? ajv.compile({ ...schema, components });
    compiled.set(schema, validate);
    return validate(value) ? null : ajv.errorsText(validate.errors);
  };
};
