import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProviderRegistry } from '../../src/telephony/provider-registry.js';
import { endOf, isInstalled, PROCESS_LIMIT_MS, startProgram } from '../support/node-process.js';
import { startTestApp, TEST_SECRET, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { startCall } from './ringing.js';

/** The program `script` of util-linux gives a program a terminal. */
const onTerminal = isInstalled('script', 'Ctrl-C in npm run call on a terminal') ? it : it.skip;

describe('Ctrl-C at npm run call', () => {
  let dataDir: string;
  let service: TestApp;
  let environment: Record<string, string>;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringback call '));
    await writeFile(join(dataDir, 'jwt-secret'), TEST_SECRET);
    service = await startTestApp({ environment: { SIMULATOR_SPEED: '5' } });
    environment = { DATA_DIR: dataDir, PORT: new URL(service.url).port };
  });

  afterAll(async () => {
    await service.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const callOf = async (callerId: string): Promise<Record<string, unknown> | undefined> => {
    const [call] = await service.database.query<Record<string, unknown>[]>(
      'select state, cancel_ordered_at is not null as canceled from call_records where caller_id = $1',
      [callerId],
    );
    return call;
  };

  it('cancels the call, and shows that it is over', async () => {
    const child = startCall(['2013', '--as', '1004'], environment);
    const ending = endOf(child);
    await waitFor('the talk', async () => (await callOf('1004'))?.state === 3, PROCESS_LIMIT_MS);

    child.kill('SIGINT');

    const { code, output, complaint } = await ending;
    expect([code, output, complaint]).toEqual([0, expect.stringMatching(/ s {2}over \(completed\)\n$/), '']);
    expect(await callOf('1004')).toEqual({ state: 4, canceled: true });
  });

  it('cancels a call that is still being placed', async () => {
    const [provider] = service.app.nest.get(ProviderRegistry).all;
    const dial = provider!.dial.bind(provider);
    // The caller's phone rings, and is not answered.
    const dialing = jest.spyOn(provider!, 'dial').mockImplementation((request, signal) => {
      child.kill('SIGINT');
      return dial(request, signal);
    });
    const child = startCall(['2005', '--as', '1005'], environment);
    const ending = endOf(child);

    expect(await ending).toMatchObject({
      code: 9,
      output: expect.stringMatching(/over \(canceled\)\n$/),
      complaint: '',
    });
    dialing.mockRestore();
    expect(await callOf('1005')).toEqual({ state: 4, canceled: true });
  });

  onTerminal('in a terminal, where npm sends it a second time, cancels and does not quit', async () => {
    const command = 'exec npm run -s call -- 2013 --as 1006';
    const terminal = startProgram(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
      environment: { ...environment, SHELL: '/bin/sh' },
    });
    const ending = endOf(terminal);
    let shown = '';
    terminal.stdout!.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    await waitFor('the talk', () => shown.includes('answered'), PROCESS_LIMIT_MS);

    terminal.stdin!.write('\u0003');

    const { output } = await ending;
    expect(output).toMatch(/^Call \d{32}\r\n/);
    expect(output).toContain('\r\u001B[2Krequested 0.');
    expect(output).toMatch(/answered \d\.\d s {2}over \(completed\)\r\n$/);
    expect(await callOf('1006')).toEqual({ state: 4, canceled: true });
  });
});
