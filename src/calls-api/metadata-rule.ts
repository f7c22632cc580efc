import type { FieldRule } from '../directory/field-rules.js';

/** As JSON in UTF-8. With it a change stays well below the 8,000 bytes of a PostgreSQL notification. */
export const MAX_METADATA_BYTES = 2_048;

/** PostgreSQL's jsonb stores no NUL, and UTF-8 has no half of a surrogate pair. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

export const metadataRule: FieldRule = (value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object of strings';
  const entries = Object.entries(value);
  if (entries.some(([, text]) => typeof text !== 'string')) return 'must be an object of strings';
  if (entries.flat().some((text) => UNSTORABLE.test(text as string))) {
    return 'must not contain NUL or unpaired surrogates';
  }
  const bytes = Buffer.byteLength(JSON.stringify(value));
  return bytes > MAX_METADATA_BYTES
    ? `must have ${MAX_METADATA_BYTES} bytes of JSON at most; these are ${bytes}`
    : null;
};
