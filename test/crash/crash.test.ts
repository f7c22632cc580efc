import { endAllDatabases } from '../support/embedded-database.js';
import { runCrashTest } from './crash-test.js';

afterEach(endAllDatabases);

it('crashes and outages leave no call wrong, doubled, lost or open', async () => {
  const { calls, ...faults } = await runCrashTest(200);

  expect(faults).toEqual({ open: [], unknown: [], dialledTwice: [], stillTalking: [], wrong: [], statistics: [] });
  expect(calls).toBeGreaterThan(100);
}, 400_000);
