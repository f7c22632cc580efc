/**
 * `npm run generate`: writes what is generated and committed, migrations/schema.sql and docs/openapi.json, so that a review
 * sees a change of the schema and of the API as a difference of text. test/readme/generated.test.ts compares them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { dumpSchema } from './dump-schema.mjs';
