import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endAllServices, startService } from './service.js';

describe('npm start', () => {
  let dataDir: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringback start '));
  });

  afterAll(async () => {
    await endAllServices();
    await rm(dataDir, { recursive: true, force: true });
  });

  const expectDatabaseInOrder = async (): Promise<void> => {
    expect((await readdir(dataDir)).sort()).toEqual(['jwt-secret', 'postgres', 'postgres.log', 'sub-account-keys']);
    expect(await readdir(join(dataDir, 'postgres'))).not.toContain('postmaster.pid');
    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).toMatch(/database system is shut down\n$/);
  };

  it('stops with its database on Ctrl-C, which it receives twice: from the terminal and from npm', async () => {
    const service = await startService({ environment: { DATA_DIR: dataDir } });

    const { code, complaint } = await service.stop('SIGINT', 'SIGINT');

    expect([code, complaint]).toEqual([0, '']);
    await expectDatabaseInOrder();
  });

  it('stops with its database when npm receives SIGTERM', async () => {
    const service = await startService({ command: ['npm', 'start'], environment: { DATA_DIR: dataDir } });

    const { code } = await service.stop('SIGTERM');

    expect(code).toBe(0);
    await expectDatabaseInOrder();
  });
});
