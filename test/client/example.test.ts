/** The example app against the service, with the installed client: a user presses its buttons in a browser. */
import { cp, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describeInBrowser } from '../support/browser.js';
import { freePort } from '../support/free-port.js';
import { endOf, endProgram, PROCESS_LIMIT_MS, REPOSITORY, startProgram } from '../support/node-process.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { installClient, type InstalledClient } from './installed-client.js';

jest.setTimeout(PROCESS_LIMIT_MS);

describeInBrowser('the example app', (browser) => {
  let client: InstalledClient;
  let service: TestApp;
  let app: ReturnType<typeof startProgram>;
  let url: string;
  let page: Page;
  const errors: string[] = [];

  beforeAll(async () => {
    client = await installClient();
    await cp(join(REPOSITORY, 'examples/call-me'), client.folder, {
      recursive: true,
      filter: (path) => !path.endsWith('node_modules') && !path.endsWith('package.json'),
    });
    for (const name of ['express', 'jose']) {
      await symlink(join(REPOSITORY, 'node_modules', name), join(client.folder, 'node_modules', name));
    }
    const port = String(await freePort());
    url = `http://127.0.0.1:${port}`;
    service = await startTestApp({
      environment: { CORS_ORIGINS: url, WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8', SIMULATOR_SPEED: '10' },
    });
    app = startProgram([process.execPath, join(client.folder, 'server.js')], {
      environment: { PORT: port, OWN_URL: url, RINGBACK_URL: service.url, JWT_SECRET: TEST_SECRET },
    });
    let output = '';
    app.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = endOf(app).then(({ complaint }) => {
      throw new Error(complaint);
    });
    await Promise.race([ended, waitFor('the app', () => output.includes('Open '), PROCESS_LIMIT_MS)]);
    ended.catch(() => undefined);
    page = await browser().newPage();
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (message) => errors.push(message.text()));
    await page.goto(url);
  });
  afterAll(async () => {
    await endProgram(app);
    await client.remove();
    await service.close();
  });

  const textOf = (id: string): Promise<string> => page.textContent(`#${id}`).then((text) => text ?? '');
  const calls = (count: number): Promise<unknown> => page.waitForSelector(`#calls li:nth-child(${count})`);

  it('places a call, shows its states, and lists it when the webhook has come', async () => {
    await page.click('#call');
    await page.waitForFunction(`document.getElementById('state').textContent === 'You are connected.'`);
    await page.waitForFunction(`document.getElementById('state').textContent === 'The call is over.'`);
    await calls(1);

    expect(await textOf('calls')).toMatch(/^completed, \d+ s$/);
  });

  it('hangs up', async () => {
    await page.click('#call');
    await page.click('#hang-up:enabled');
    await page.waitForFunction(`document.getElementById('state').textContent === 'The call is over.'`);
    await calls(2);

    expect(await page.textContent('#calls li')).toMatch(/^(canceled|completed, \d+ s)$/);
  });

  it('shows a refusal in the words of the contract', async () => {
    await service.database.query('update app_user set phone = null where id = 1001');
    await page.click('#call');
    await page.waitForFunction(`document.getElementById('state').textContent.includes('用户未绑定手机号')`);

    expect(errors.filter((text) => !text.includes('favicon') && !text.includes('404'))).toEqual([]);
  });
});
