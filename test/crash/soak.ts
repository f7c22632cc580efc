/** The long form of crash.test.ts: `npm run soak`. */
import { endAllDatabases } from '../support/embedded-database.js';
import { runCrashTest } from './crash-test.js';

afterEach(endAllDatabases);

it('crashes and outages during thousands of calls leave none wrong, doubled, lost or open', async () => {
  const { calls, ...faults } = await runCrashTest(5_000);

  expect(faults).toEqual({ open: [], unknown: [], dialledTwice: [], stillTalking: [], wrong: [], statistics: [] });
  expect(calls).toBeGreaterThan(2_500);
}, 3_600_000);
