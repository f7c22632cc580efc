import { execFileSync } from 'node:child_process';
import { chown, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asOrdinaryUser,
  endOf,
  IS_ROOT,
  isInstalled,
  ORDINARY_USER,
  REPOSITORY,
  startNode,
} from '../support/node-process.js';
import { endAllServices, startService } from './service.js';

const asThatUser = !IS_ROOT || isInstalled('setpriv', 'npm start as an ordinary user') ? it : it.skip;

const userOf = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'uid=', '-p', String(pid)], { encoding: 'utf8' }));

describe('npm start as an ordinary user', () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringback start '));
    if (IS_ROOT) await chown(dataDir, ORDINARY_USER, ORDINARY_USER);
  });

  afterAll(async () => {
    await endAllServices();
    await rm(dataDir, { recursive: true, force: true });
  });

  asThatUser('serves that user, who owns every file that it creates', async () => {
    const launcher = asOrdinaryUser();
    const environment = { DATA_DIR: dataDir };
    const service = await startService({ environment, launcher });

    const run = join(REPOSITORY, 'scripts/run.mjs');
    const token = await endOf(startNode(run, ['cli/token', '1001'], { environment, launcher }));
    const reply = await fetch(`${service.url}/v1/app/call/2000?access_token=${token.output.trim()}`);

    expect(await reply.json()).toMatchObject({ returnCode: 200 });
    const postmaster = parseInt(await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8'), 10);
    expect([userOf(service.pid), userOf(postmaster)]).toEqual([ORDINARY_USER, ORDINARY_USER]);
    expect((await stat(join(dataDir, 'jwt-secret'))).uid).toBe(ORDINARY_USER);
  });
});
