/** Payloads of providers, each with its source document. Their phone numbers and ids are invented. */
import { readdir, readFile } from 'node:fs/promises';

interface Sourced {
  readonly name: string;
  /** The document, page or repository that describes the fields, and what it does not confirm. */
  readonly source: string;
}

const FOLDER = new URL('../fixtures/', import.meta.url);

/** @param path such as twilio/callbacks */
export const readFixtures = async <T>(path: string): Promise<(Sourced & T)[]> =>
  JSON.parse(await readFile(new URL(`${path}.json`, FOLDER), 'utf8')) as (Sourced & T)[];

/** The paths of all fixtures, with file extensions. */
export const fixtureFiles = async (): Promise<string[]> =>
  (await readdir(FOLDER, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath.split('fixtures/')[1] ?? ''}/${entry.name}`);
