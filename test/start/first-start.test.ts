import { once } from 'node:events';
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeInBrowser } from '../support/browser.js';
import { endOf, isInstalled, PROCESS_LIMIT_MS, startProgram, type Ending } from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';
import { endAllServices, runService, startService, type Service } from './service.js';

const withCurl = isInstalled('curl', 'the commands that npm start prints') ? it : it.skip;

/** The standard output of a failed start. */
const STARTING = expect.stringMatching(/^\{[^\n]*"msg":"starting"\}\n$/) as unknown;

describe('npm start with nothing set up', () => {
  let folder: string;
  let dataDir: string;
  let service: Service;
  let page: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback start '));
    // The user's umask makes files readable for all users, unless a file is created with stricter rights.
    await chmod(folder, 0o755);
    dataDir = join(folder, "it's data");
    service = await startService({ environment: { DATA_DIR: dataDir, SIMULATOR_SPEED: '10' } });
    await waitFor('the page', () => service.output().includes('docs/quick-start.md'), PROCESS_LIMIT_MS);
    page = service.output().slice(service.output().indexOf('\n\n'));
  });

  afterAll(async () => {
    await endAllServices();
    await rm(folder, { recursive: true, force: true });
  });

  /** A second terminal, which does not have the service's settings. */
  const shell = (script: string): Promise<Ending> => endOf(startProgram(['sh', '-ec', script]));

  it('prints a short page with all URLs', async () => {
    const places = Object.fromEntries(
      [...page.matchAll(/^ {4}(\w+) +(http\S+)$/gm)].map(([, name = '', url = '']) => [name, url]),
    );

    const statuses = await Promise.all(
      Object.entries(places).map(async ([name, url]) => [name, (await fetch(url)).status]),
    );

    expect(page.split('\n').length).toBeLessThan(30);
    expect(page).toContain(dataDir);
    expect(Object.fromEntries(statuses)).toEqual({ API: 404, Swagger: 200, Health: 200 });
  });

  withCurl('prints commands that place a call', async () => {
    const { code, output } = await shell(/^ {4}export [^]*?\/call\/.*$/m.exec(page)![0]);

    expect([code, output]).toEqual([
      0,
      expect.stringMatching(/^\{"data":\{"callSid":"\d{32}"\},"returnCode":200,"returnMsg":"success"\}$/),
    ]);
  });

  it('prints a command that shows a call live', async () => {
    const [settings = ''] = /^ *export .*$/m.exec(page)!;
    const [command = ''] = /npm run call -- 2000/.exec(page)!;

    const { code, output } = await shell(`${settings}\n${command.replace('2000', '2001 --as 1004')}`);

    expect([code, output]).toEqual([3, expect.stringMatching(/Call \d{32}\n.*over \(busy\)\n$/)]);
  });

  describeInBrowser('its link to the desk', (browser) => {
    /** The first page after signing in, or what the page for signing in says of the link. */
    const openedBy = async (link: string): Promise<string> => {
      const tab = await browser().newPage({ locale: 'en-US' });
      await tab.goto(link);
      const heading = tab.getByRole('heading', { level: 1, name: /^(Now|This link .*)$/ });
      await heading.waitFor();
      const text = await heading.innerText();
      await tab.close();
      return text;
    };

    it('signs in once', async () => {
      const [, link = ''] = /^ {4}(http\S+\/desk\/sign-in#\S+)$/m.exec(page)!;

      expect([await openedBy(link), await openedBy(link)]).toEqual(['Now', 'This link has been used']);
    });

    it('comes again by the command beside it', async () => {
      const [, command = ''] = /; {2}(.*npm run -s desk) {2}prints another one:$/m.exec(page)!;

      const { code, output } = await shell(command);

      expect([code, await openedBy(output.trim())]).toEqual([0, 'Now']);
    });
  });

  it('makes its secrets readable only for their owner', async () => {
    const files = await Promise.all(['jwt-secret', 'sub-account-keys'].map((name) => stat(join(dataDir, name))));

    expect(files.map(({ mode }) => mode & 0o777)).toEqual([0o600, 0o600]);
    expect((await readdir(dataDir)).sort()).toEqual([
      'jwt-secret',
      'owner',
      'postgres',
      'postgres.log',
      'sub-account-keys',
    ]);
  });

  it('refuses a second start on the same data, and keeps running', async () => {
    const second = await runService({ environment: { DATA_DIR: dataDir } });

    expect(second).toEqual({
      code: 1,
      output: STARTING,
      complaint: `${dataDir} is in use by another Ringback (process ${service.pid}). Stop it, or set DATA_DIR to another folder.\n`,
    });
    expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
  });

  it('prints one line when its port is in use, and leaves no process running', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const otherData = join(folder, 'other data');
    try {
      const { code, output, complaint } = await runService({
        environment: { DATA_DIR: otherData, PORT: String(port) },
      });

      expect([code, output]).toEqual([1, STARTING]);
      expect(complaint).toMatch(new RegExp(`^Port ${port} is taken\\. .*\n$`));
    } finally {
      other.close();
    }
    expect((await readdir(otherData)).sort()).toEqual(['jwt-secret', 'postgres', 'postgres.log', 'sub-account-keys']);
    expect(await readdir(join(otherData, 'postgres'))).not.toContain('postmaster.pid');
  });
});
