import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { readSigningSecret } from '../../src/auth/signing-secret.js';
import { TEST_KEYS } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { Client } from './client.js';
import { endAllServices, startService, type Service } from './service.js';

/** A short limit of a talk, and frequent sweeps. */
const SETTINGS = { SIMULATOR_SPEED: '100', LONGEST_TALK: '1', SWEEP_EVERY: '0.1' };

describe('npm start on the data of a killed process', () => {
  let dataDir: string;
  let firstSecret: string;
  let callSid: string;
  let service: Service;
  let client: Client;

  const start = async (more: Record<string, string> = {}): Promise<void> => {
    service = await startService({ environment: { DATA_DIR: dataDir, ...SETTINGS, ...more } });
    client = new Client(service.url, await readSigningSecret(dataDir));
  };

  const recordOf = (sid: string): Promise<unknown> => client.admin('GET', `calls/${sid}`);

  const stateOf = async (userId: string, sid: string): Promise<string | undefined> =>
    (await client.ask(userId, `callState/${sid}`)).data?.stateType;

  const isOver = async (userId: string, sid: string): Promise<boolean> => (await stateOf(userId, sid)) === '4';

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'ringback start '));
    await start();
    firstSecret = await readSigningSecret(dataDir);
    await client.admin('PATCH', 'users/1004', { name: 'Renamed' });
    await client.admin('DELETE', 'users/2012');
    callSid = (await client.ask('1001', 'call/2013')).data!.callSid!;
    await waitFor('the talk', async () => (await stateOf('1001', callSid)) === '3');
    await service.kill();
    const keys = await readFile(join(dataDir, 'sub-account-keys'), 'utf8');
    await start({ SUB_ACCOUNT_KEYS: `${TEST_KEYS},${keys}` });
  });

  afterAll(async () => {
    await endAllServices();
    await rm(dataDir, { recursive: true, force: true });
  });

  it('signs with the same secret as before', async () => {
    expect(await readSigningSecret(dataDir)).toBe(firstSecret);
  });

  it('has the call that was placed before, and ends it', async () => {
    expect(await recordOf(callSid)).toMatchObject({ callerId: '1001', calleeId: '2013' });

    await waitFor('the end of the call', () => isOver('1001', callSid));
    expect(await recordOf(callSid)).toMatchObject({ endReason: 'lost' });
  });

  it('does not change the directory', async () => {
    expect(await client.admin('GET', 'users/1004')).toMatchObject({ name: 'Renamed' });
    expect(await client.admin('GET', 'users/2012')).toMatchObject({ status: 404 });
  });

  it('re-encrypts secrets with a new key, and reads them', async () => {
    const [, , , , socketFolder] = (await readFile(join(dataDir, 'postgres/postmaster.pid'), 'utf8')).split('\n');
    const database = new Postgres({ host: socketFolder!, user: 'ringback', database: 'ringback' });
    await database.connect();
    try {
      const { rows } = await database.query('select distinct key_name from sub_account');
      expect(rows).toEqual([{ key_name: 'test' }]);
    } finally {
      await database.end();
    }
  });

  it('places calls again', async () => {
    const { data } = await client.ask('1005', 'call/2000');

    await waitFor('the end of the call', () => isOver('1005', data!.callSid!));
    expect(await recordOf(data!.callSid!)).toMatchObject({ endReason: 'completed' });
  });
});
