/** A payload of unknown origin proves nothing about a provider, so each fixture names its source. */
import { fixtureFiles, readFixtures } from '../support/fixtures.js';

const files = await fixtureFiles();

it('there are fixtures for both providers without an official simulator', () => {
  expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(new Set(['twilio', 'yuntongxun']));
});

it.each(files)('every payload of %s names its source: a page, or a file of a repository', async (file) => {
  const payloads = await readFixtures(file.replace(/\.json$/, ''));

  expect(payloads.length).toBeGreaterThan(0);
  for (const { name, source } of payloads) {
    expect({ name, source }).toEqual({ name: expect.stringMatching(/./), source: expect.stringMatching(/\w[./]\w/) });
  }
});
