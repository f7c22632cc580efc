/** The embedded default of the last release works with this version, and again with the last release. */
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readSigningSecret } from '../../src/auth/signing-secret.js';
import { Client } from '../start/client.js';
import { endAllServices, startService, type Service } from '../start/service.js';
import { buildLastRelease, describeWithLastRelease, type BuiltRelease } from '../support/last-release.js';
import { IS_ROOT } from '../support/node-process.js';
import { waitFor } from '../support/wait-for.js';

const NOBODY = 65_534;

describeWithLastRelease('the embedded default of the last release', () => {
  let folder: string;
  let dataDir: string;
  let release: BuiltRelease;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ringback upgrade '));
    // A folder as in root's home, or in an ordinary user's home.
    dataDir = join(folder, 'data');
    await mkdir(dataDir);
    release = await buildLastRelease();
  });

  afterAll(async () => {
    await endAllServices();
    const cluster = await realpath(join(dataDir, 'postgres')).catch(() => folder);
    if (!cluster.startsWith(folder)) await rm(dirname(cluster), { recursive: true });
    await release.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const start = (command?: readonly [string, ...string[]]): Promise<Service> =>
    startService({ environment: { DATA_DIR: dataDir, SIMULATOR_SPEED: '100' }, ...(command && { command }) });

  const startOld = (): Promise<Service> => start([process.execPath, release.main]);

  const place = async ({ url }: Service): Promise<string> => {
    const client = new Client(url, await readSigningSecret(dataDir));
    const callSid = (await client.ask('1001', 'call/2000')).data!.callSid!;
    await waitFor('the end of the call', async () => {
      const { data } = await client.ask('1001', `callState/${callSid}`);
      return data?.stateType === '4';
    });
    return callSid;
  };

  const historyAt = async ({ url }: Service): Promise<string[]> => {
    const client = new Client(url, await readSigningSecret(dataDir));
    const { items } = (await client.admin('GET', 'calls')) as { items: { callSid: string }[] };
    return items.map(({ callSid }) => callSid);
  };

  const powersOfServer = async (): Promise<[uid: number, capabilities: string]> => {
    const pid = parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
    const uid = Number(execFileSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }));
    const status = process.platform === 'linux' ? await readFile(`/proc/${pid}/status`, 'utf8') : '';
    return [uid, /^CapEff:\s+(\w+)$/m.exec(status)?.[1] ?? ''];
  };

  it('keeps its calls and places new ones, in this version and after a downgrade', async () => {
    const old = await startOld();
    const before = await place(old);
    if (IS_ROOT) expect(await powersOfServer()).toEqual([NOBODY, '0000000000000002']);
    await old.kill();

    const upgraded = await start();
    const after = await place(upgraded);
    expect(await historyAt(upgraded)).toEqual([after, before]);
    if (IS_ROOT) {
      const [uid, capabilities] = await powersOfServer();
      expect(uid).toBe((await stat(join(dataDir, 'postgres'))).uid);
      expect([0, NOBODY]).not.toContain(uid);
      expect(capabilities).toBe('0000000000000000');
    }
    await upgraded.stop();

    const back = await startOld();
    const afterwards = await place(back);
    await back.stop();

    const again = await start();
    expect(await historyAt(again)).toEqual([afterwards, after, before]);
  });
});
