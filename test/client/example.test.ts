/** `npm run example` as a person runs it, in a copy of the repository: a user presses the buttons of its app in a browser. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { endOf, endProgram, isAlive, PROCESS_LIMIT_MS, startProgram } from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';
import { copyRepository, preinstall, type RepositoryCopy } from './repository-copy.js';

/** It compiles the client, installs the app, and starts two programs. */
const READY_LIMIT_MS = 2 * PROCESS_LIMIT_MS;

describeInBrowser('npm run example', (browser) => {
  let copy: RepositoryCopy;
  let command: ReturnType<typeof startProgram>;
  let ending: ReturnType<typeof endOf>;
  let ringback: string;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    copy = await copyRepository();
    await preinstall(join(copy.folder, 'examples/call-me'), ['express', 'jose']);
    const port = await freePort();
    ringback = `http://localhost:${port}`;
    command = startProgram(['npm', '--prefix', copy.folder, 'run', 'example'], {
      environment: {
        PORT: String(port),
        SIMULATOR_SPEED: '10',
        CALLS_PER_CALLER: '2/1m',
        DRAIN_SECONDS: '0',
        npm_config_offline: 'true',
      },
    });
    let output = '';
    command.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    ending = endOf(command);
    const url = await waitFor(
      'the app',
      async () => {
        if (!isAlive(command)) throw new Error((await ending).complaint);
        return /^Open (\S+) and press the button\.$/m.exec(output)?.[1];
      },
      READY_LIMIT_MS,
    );
    expect(url).toBe(`http://localhost:${port + 1}`);
    page = await browser().newPage();
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => errors.push(message.text()));
    await page.goto(url);
  }, READY_LIMIT_MS + PROCESS_LIMIT_MS);
  afterAll(async () => {
    await endProgram(command);
    // Of all its programs.
    await ending;
    await copy.remove();
  });

  const textOf = (id: string): Promise<string> => page.textContent(`#${id}`).then((text) => text ?? '');
  const calls = (count: number): Promise<unknown> => page.waitForSelector(`#calls li:nth-child(${count})`);

  it('starts an app that calls, hangs up, and shows a refusal in the words of the contract; then ends both programs', async () => {
    await page.click('#call');
    await page.waitForFunction(`document.getElementById('state').textContent === 'You are connected.'`);
    await page.waitForFunction(`document.getElementById('state').textContent === 'The call is over.'`);
    await calls(1);
    expect(await textOf('calls')).toMatch(/^completed, \d+ s$/);

    await page.click('#call');
    await page.click('#hang-up:enabled');
    await page.waitForFunction(`document.getElementById('state').textContent === 'The call is over.'`);
    await calls(2);
    expect(await page.textContent('#calls li')).toMatch(/^(canceled|completed, \d+ s)$/);

    // More calls than CALLS_PER_CALLER.
    await page.click('#call');
    await page.waitForFunction(`document.getElementById('state').textContent === '呼叫过于频繁,请稍后再试!'`);
    // The browser's own line for the refusal.
    expect(errors.filter((text) => !text.includes('status of 429'))).toEqual([]);

    command.kill('SIGTERM');

    const { code } = await ending;
    expect(code).toBe(0);
    for (const url of [ringback, page.url()]) await expect(fetch(url)).rejects.toThrow('fetch failed');
  });
});
