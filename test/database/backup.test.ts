/** Runs docs/backup.md: a dump during open calls, a restore into another server, and a service that starts on it. */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder, describeWithPackages, fetchPackages, unpackedIn } from '../support/debian-packages.js';
import { endOf, REPOSITORY, startProgram } from '../support/node-process.js';
import { makeServerFolder, startOwnServer, type OwnServer } from '../support/own-server.js';
import { placeCall } from '../support/placed-call.js';
import { startRemoteCarrier, type RemoteCarrier } from '../support/remote-carrier.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint, retryNow } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const CLIENT = { folder: cacheFolder('postgresql-client-18'), suites: 'sid forky', names: ['postgresql-client-18'] };
const missing = await fetchPackages(CLIENT);

const TALKS_ON = '2013';
const COMPLETES = '2000';

describeWithPackages(CLIENT, missing, 'a backup', () => {
  let folder: string;
  let carrier: RemoteCarrier;
  let receiver: WebhookReceiver;
  let before: TestApp;
  let serverFolder: Awaited<ReturnType<typeof makeServerFolder>>;
  let server: OwnServer;
  let after: TestApp;
  const calls = { over: '', open: '', late: '' };
  const detailOf = async (service: TestApp, callSid: string) => {
    const response = await service.admin('GET', `calls/${callSid}`);
    return { status: response.status, call: (await response.json()) as Record<string, unknown> };
  };
  let overBefore: unknown;

  /** Makes a program of the package available under its own name. */
  const putOnPath = async (program: string): Promise<void> => {
    const [command, options] = unpackedIn(CLIENT.folder, `usr/lib/postgresql/18/bin/${program}`);
    const line = [command, ...options].map((part) => `'${part}'`).join(' ');
    await writeFile(join(folder, program), `#!/bin/sh\nexec ${line} "$@"\n`);
    await chmod(join(folder, program), 0o755);
  };

  /** Runs the page's own command line. */
  const runPageCommand = async (program: string): Promise<void> => {
    const page = await readFile(join(REPOSITORY, 'docs/backup.md'), 'utf8');
    const line = page.split('\n').find((one) => one.trim().startsWith(`${program} `));
    if (line === undefined) throw new Error(`docs/backup.md has no command ${program}`);
    const environment = { DATABASE_URL: String(before.config.databaseUrl), NEW_DATABASE_URL: server.superuserUrl };
    const script = `cd '${folder}'; PATH="${folder}:$PATH"; ${line}`;
    const { code, complaint } = await endOf(startProgram(['sh', '-euc', script], { environment }));
    if (code !== 0) throw new Error(complaint);
  };

  const settings = () => ({
    SIMULATOR_URL: carrier.url,
    SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
    WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8',
  });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback-backup-'));
    await Promise.all(['pg_dump', 'pg_restore'].map(putOnPath));
    carrier = await startRemoteCarrier();
    before = await startTestApp({ environment: settings() });
    carrier.targets.push(`${before.url}/v1/webhooks/simulator`);
    receiver = await startWebhookReceiver();
    receiver.replyWith(() => 503);
    await registerEndpoint(before, { url: receiver.url });
    calls.over = await placeCall(before, '1004', COMPLETES);
    calls.open = await placeCall(before, '1005', TALKS_ON);
    const isIn = (userId: string, callSid: string, state: string) =>
      waitFor(
        `state ${state}`,
        async () => (await before.ask(userId, `callState/${callSid}`)).data?.stateType === state,
      );
    await isIn('1004', calls.over, '4');
    await isIn('1005', calls.open, '3');
    overBefore = (await detailOf(before, calls.over)).call;

    serverFolder = await makeServerFolder();
    server = await startOwnServer(join(serverFolder.path, 'data'));
    await runPageCommand('pg_dump');

    calls.late = await placeCall(before, '1006', TALKS_ON);
    await isIn('1006', calls.late, '3');
    await before.ask('1005', `callCancel/${calls.open}`);
    await isIn('1005', calls.open, '4');

    await runPageCommand('pg_restore');
    await before.close();
    receiver.replyWith(() => 204);
    after = await startTestApp({ databaseUrl: server.superuserUrl, environment: settings() });
    carrier.targets.splice(0, 1, `${after.url}/v1/webhooks/simulator`);
  });
  afterAll(async () => {
    await after.close();
    await Promise.all([receiver.close(), carrier.close(), server.stop()]);
    await serverFolder.remove();
    await rm(folder, { recursive: true });
  });

  it('contains a call that was over, unchanged', async () => {
    expect((await detailOf(after, calls.over)).call).toEqual(overBefore);
  });

  it('contains a call that was open, which gets the end that the provider reports', async () => {
    const end = await waitFor('its end', async () => {
      const { call } = await detailOf(after, calls.open);
      return call.stateType === '4' && call;
    });

    expect(end).toMatchObject({ endReason: 'completed' });
  });

  it('does not contain a call that was placed later', async () => {
    expect((await detailOf(after, calls.late)).status).toBe(404);
    expect((await after.ask('1006', `callState/${calls.late}`)).returnCode).toBe(400);
  });

  it('contains a pending delivery, which is then delivered', async () => {
    await retryNow(after.database);

    await waitFor('the first delivery', () => receiver.accepted(calls.over).length > 0);
  });

  it('gives a service that places calls and delivers their changes', async () => {
    const callSid = await placeCall(after, '1007', COMPLETES);

    await waitFor('the last delivery', () =>
      receiver.accepted(callSid).some(({ change }) => change.data.stateType === '4'),
    );
  });
});
