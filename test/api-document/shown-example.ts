import type { ApiDocument, Body, Schema } from './document.js';

/** The examples of a body that the page shows: its own, or one that is composed from its schema's examples. */
export const examplesOf = (document: ApiDocument, { schema, example, examples }: Body): unknown[] => {
  if (examples) return Object.values(examples).map(({ value }) => value);
  return [example ?? composed(document, schema ?? {}, '')];
};

/** @throws when a part has no example, because the page shows "string" or 0 for it */
const composed = (document: ApiDocument, schema: Schema, where: string): unknown => {
  if (schema.$ref) return composed(document, referredTo(document, schema.$ref), where);
  for (const given of [schema.example, schema.examples?.[0], schema.default, schema.enum?.[0]]) {
    if (given !== undefined) return given;
  }
  if (schema.anyOf?.[0]) return composed(document, schema.anyOf[0], where);
  if (schema.items) return [composed(document, schema.items, `${where}/0`)];
  if (!schema.properties) throw new Error(`${where || 'the body'} has no example`);
  return Object.fromEntries(
    Object.entries(schema.properties).map(([name, part]) => [name, composed(document, part, `${where}/${name}`)]),
  );
};

const referredTo = ({ components }: ApiDocument, reference: string): Schema => {
  const schema = components.schemas[reference.replace('#/components/schemas/', '')];
  if (!schema) throw new Error(`${reference} leads nowhere`);
  return schema;
};
