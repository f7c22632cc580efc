/** The schemas of the AsyncAPI document, from those of the OpenAPI document. */
import type { OpenAPIObject } from '@nestjs/swagger';

type Schema = NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];

export interface Parameter {
  readonly name: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema?: Schema;
  readonly example?: unknown;
}

/** The parameters of one place, as the schema of an object. */
export const objectOf = (parameters: readonly Parameter[]) => ({
  type: 'object',
  required: parameters.flatMap(({ name, required }) => (required ? [name] : [])),
  properties: Object.fromEntries(
    parameters.map((parameter) => {
      const { name, description, schema = {} } = parameter;
      return [name, { ...jsonSchema(schema), description, examples: examplesIn(parameter) }];
    }),
  ),
});

/** Its own, or those of its schema. */
export const examplesIn = ({ example, schema = {} }: Parameter): unknown[] => {
  if (example !== undefined) return [example];
  if ('$ref' in schema) return [];
  if (schema.example !== undefined) return [schema.example as unknown];
  return Array.isArray(schema.examples) ? (schema.examples as unknown[]) : [];
};

/** As draft 07 of JSON Schema has it, which is what AsyncAPI uses: no `example`. */
export const jsonSchema = (schema: Schema): object => {
  if ('$ref' in schema) return schema;
  const { properties, items, additionalProperties, allOf, anyOf, oneOf, ...more } = schema;
  const { example, ...rest } = more as { readonly example?: unknown };
  return {
    ...rest,
    ...(example !== undefined && { examples: [example] }),
    ...(properties && { properties: mapped(properties, jsonSchema) }),
    ...(items && { items: jsonSchema(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties:
        typeof additionalProperties === 'object' ? jsonSchema(additionalProperties) : additionalProperties,
    }),
    ...(allOf && { allOf: allOf.map(jsonSchema) }),
    ...(anyOf && { anyOf: anyOf.map(jsonSchema) }),
    ...(oneOf && { oneOf: oneOf.map(jsonSchema) }),
  };
};

const mapped = <T, U>(values: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));

/** The schemas that `json` refers to, and those that they refer to. */
export const schemasFor = (json: object, all: Readonly<Record<string, Schema>>): Record<string, object> => {
  const found: Record<string, object> = {};
  const collect = (part: object): void => {
    for (const [, name = ''] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      const schema = all[name];
      if (!schema || name in found) continue;
      found[name] = jsonSchema(schema);
      collect(found[name]);
    }
  };
  collect(json);
  return found;
};
