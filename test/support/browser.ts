/** A real browser for tests of pages: Debian's Chromium, without windows. */
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { noteSkipped } from './skipped.js';

/** The same browser without its window system: it starts three times faster, and draws pages with half the work. */
const HEADLESS = '/usr/bin/chromium-headless-shell';
export const CHROMIUM = existsSync(HEADLESS) ? HEADLESS : '/usr/bin/chromium';

/** Resolves to this machine. Unlike localhost, the browser treats it as a public name. */
export const PUBLIC_HOST = 'ringback.test';

export const BROWSER_ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--host-resolver-rules=MAP ${PUBLIC_HOST} 127.0.0.1`,
];

/**
 * Tests that need a browser. Without a browser they are skipped, and the summary of the run lists them. With
 * RINGBACK_REQUIRE_ALL_TESTS, as in .ci/run, they fail.
 */
export const describeInBrowser = (what: string, tests: (browser: () => Browser) => void): void => {
  if (!existsSync(CHROMIUM) && !process.env.RINGBACK_REQUIRE_ALL_TESTS) {
    noteSkipped(what, `there is neither ${HEADLESS} nor ${CHROMIUM}`, 'apt-get install chromium-headless-shell');
    describe.skip(what, () => tests(notStarted));
    return;
  }
  describe(what, () => {
    let browser: Browser | undefined;

    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: CHROMIUM, args: BROWSER_ARGUMENTS });
    });
    afterAll(() => browser?.close());

    tests(() => browser ?? notStarted());
  });
};

const notStarted = (): never => {
  throw new Error('the browser has not started yet');
};
