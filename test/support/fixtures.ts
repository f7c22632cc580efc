/** Payloads of providers, each with the document that it is taken from; numbers and ids in them are invented. */
import { readdir, readFile } from 'node:fs/promises';

interface Sourced {
  readonly name: string;
  /** Which document, page or repository tells of its fields, and what of it that one does not confirm. */
  readonly source: string;
}

const FOLDER = new URL('../fixtures/', import.meta.url);

/** @param path such as twilio/callbacks */
export const readFixtures = async <T>(path: string): Promise<(Sourced & T)[]> =>
  JSON.parse(await readFile(new URL(`${path}.json`, FOLDER), 'utf8')) as (Sourced & T)[];

/** Paths of all of them, with their endings. */
export const fixtureFiles = async (): Promise<string[]> =>
  (await readdir(FOLDER, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath.split('fixtures/')[1] ?? ''}/${entry.name}`);
