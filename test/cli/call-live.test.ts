import { endOf, isInstalled, PROCESS_LIMIT_MS, startProgram } from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';
import { startCall } from './ringing.js';
import { CALL_SID, startScriptedService, type ScriptedService } from './scripted-service.js';

/** The program `script` of util-linux gives a program a terminal. */
const onTerminal = isInstalled('script', 'npm run call on a terminal') ? it : it.skip;

describe('the output of npm run call', () => {
  let service: ScriptedService;

  afterEach(() => {
    service.close();
  });

  it('is a line with the duration of every state', async () => {
    service = await startScriptedService(['1', '2', '3', '4']);

    const { code, output } = await endOf(startCall(['2000', '--token', 'any'], { PORT: service.port }));

    expect(code).toBe(0);
    expect(output).toMatch(
      /^Call 1{32}\nrequested \d+\.\d s {2}ringing \d+\.\d s {2}answered \d+\.\d s {2}over \(completed\)\n$/,
    );
    expect(service.requests).toEqual(['/v1/app/call/2000', `/v1/app/callState/${CALL_SID}/stream`]);
  });

  it.each([
    ['completed', 0],
    ['busy', 3],
    ['no_answer', 4],
    ['rejected', 5],
    ['unreachable', 6],
    ['failed', 7],
    ['lost', 8],
    ['canceled', 9],
    ['of_a_later_version', 1],
  ])('shows that a call is over (%s), and the exit status is %d', async (endReason, status) => {
    service = await startScriptedService(['1', '4'], endReason);

    const { code, output } = await endOf(startCall(['2000', '--token', 'any'], { PORT: service.port }));

    expect([code, output.split('  ').at(-1)]).toEqual([status, `over (${endReason})\n`]);
  });

  onTerminal('is redrawn in place on a terminal', async () => {
    service = await startScriptedService(['1', '2', '3', '4']);
    const command = 'exec npm run -s call -- 2000 --token any';

    const terminal = startProgram(['script', '--quiet', '--return', '--command', command, '/dev/null'], {
      environment: { PORT: service.port, SHELL: '/bin/sh' },
    });

    const { code, output } = await endOf(terminal);
    const [heading, ...drawn] = output.replaceAll(/\d+\.\d s/g, 'N s').split(/\r(?:\n|\u001B\[2K)/);
    expect(code).toBe(0);
    expect(heading).toBe(`Call ${CALL_SID}`);
    expect(drawn.filter(Boolean)).toEqual([
      'requested N s',
      'requested N s  ringing N s',
      'requested N s  ringing N s  answered N s',
      'requested N s  ringing N s  answered N s  over (completed)',
    ]);
  });

  it('is complete before the error when the service stops during the call', async () => {
    service = await startScriptedService(['1']);
    const ending = endOf(startCall(['2000', '--token', 'any'], { PORT: service.port }));
    await waitFor('the first state', () => service.requests.length > 1, PROCESS_LIMIT_MS);

    service.close();

    const { code, output, complaint } = await ending;
    expect([code, output]).toEqual([1, expect.stringMatching(/^Call 1{32}\nrequested \d+\.\d s\n$/)]);
    expect(complaint).toBe(`Nothing answers at http://127.0.0.1:${service.port}. Is it running? npm start\n`);
  });

  it('ends at a second Ctrl-C when the service does not answer the cancel', async () => {
    service = await startScriptedService(['2']);
    const child = startCall(['2000', '--token', 'any'], { PORT: service.port });
    const ending = endOf(child);
    await waitFor('the first state', () => service.requests.length > 1, PROCESS_LIMIT_MS);

    await waitFor('the end', () => {
      child.kill('SIGINT');
      return child.exitCode !== null;
    });

    const { code, output, complaint } = await ending;
    expect([code, complaint]).toEqual([130, '']);
    expect(output).toMatch(/ringing \d+\.\d s {2}canceling …\n$/);
  });
});
