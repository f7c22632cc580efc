/** A payload of which nobody can say where it comes from proves nothing about a provider. */
import { fixtureFiles, readFixtures } from '../support/fixtures.js';

const files = await fixtureFiles();

it('there are payloads of both providers that have no simulator of their own', () => {
  expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(new Set(['twilio', 'yuntongxun']));
});

it.each(files)('every payload of %s names its source: a page, or a file of a repository', async (file) => {
  const payloads = await readFixtures(file.replace(/\.json$/, ''));

  expect(payloads.length).toBeGreaterThan(0);
  for (const { name, source } of payloads) {
    expect({ name, source }).toEqual({ name: expect.stringMatching(/./), source: expect.stringMatching(/\w[./]\w/) });
  }
});
