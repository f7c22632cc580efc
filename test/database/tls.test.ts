import { randomInt } from 'node:crypto';
import { appendFile, chmod, chown, copyFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '../../src/database/migrate.js';
import { makeCertificate } from '../support/certificates.js';
import { queryDatabase } from '../support/database-query.js';
import { isInstalled } from '../support/node-process.js';
import { makeServerFolder, startOwnServer, type OwnServer } from '../support/own-server.js';
import { startTestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';

const WHAT = 'a database with TLS';

/** Loopback addresses of this file, so that the server has the default port. Only the first is in the certificate. */
const NETWORK = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
const ADDRESS = `${NETWORK}.1`;
const OTHER_ADDRESS = `${NETWORK}.2`;

const suite = isInstalled('openssl', WHAT) ? describe : describe.skip;

suite(WHAT, () => {
  let folder: Awaited<ReturnType<typeof makeServerFolder>>;
  let server: OwnServer;
  let authority: string;

  const urlOf = (parameters: string, host = ADDRESS): string =>
    `postgresql://ringback@${host}/ringback?${parameters.replace('CA', encodeURIComponent(authority))}`;

  /** Copies a file to the server's folder, owned by the server's user. */
  const giveToServer = async (name: string): Promise<string> => {
    const path = join(server.cluster, name);
    const { uid, gid } = await stat(server.cluster);
    await copyFile(join(folder.path, name), path);
    await chmod(path, 0o600);
    await chown(path, uid, gid);
    return path;
  };

  beforeAll(async () => {
    folder = await makeServerFolder();
    authority = join(folder.path, 'ca.pem');
    await makeCertificate(folder.path, { name: 'server', subject: `IP:${ADDRESS}` });
    server = await startOwnServer(join(folder.path, 'data'), [`listen_addresses=${ADDRESS},${OTHER_ADDRESS}`]);
    const set = (name: string, value: string) =>
      queryDatabase(server.superuserUrl, `alter system set ${name} = '${value}'`);
    await set('ssl_cert_file', await giveToServer('server.pem'));
    await set('ssl_key_file', await giveToServer('server.key'));
    await set('ssl', 'on');
    await queryDatabase(server.superuserUrl, `create role asked login password 'swordfish'`);
    await appendFile(
      join(server.cluster, 'pg_hba.conf'),
      'hostssl all asked 127.0.0.0/8 scram-sha-256\nhostssl all all 127.0.0.0/8 trust\n',
    );
    await queryDatabase(server.superuserUrl, 'select pg_reload_conf()');
    await waitFor('TLS', () => queryDatabase(urlOf('sslmode=no-verify'), 'select 1').catch(() => false));
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  it('and a private authority is used with verified, encrypted connections only', async () => {
    const url = urlOf('sslmode=verify-full&sslrootcert=CA');
    await migrate(url);
    const service = await startTestApp({ databaseUrl: url });
    try {
      const { data } = await service.ask('1004', 'call/2000');
      const { data: polled } = await service.ask('1004', `callState/${data!.callSid!}?after=3&wait=25`);

      expect(polled?.stateType).toBe('4');
      const connections = await queryDatabase<{ name: string; ssl: boolean }>(
        server.superuserUrl,
        `select distinct application_name as name, ssl from pg_stat_ssl join pg_stat_activity using (pid)
         where application_name like 'ringback%' order by 1`,
      );
      expect(connections).toEqual(
        ['ringback', 'ringback jobs', 'ringback listener'].map((name) => ({ name, ssl: true })),
      );
    } finally {
      await service.close();
    }
  });

  it('and a private authority is refused without sslrootcert, and the error says what to do', async () => {
    await expect(migrate(urlOf('sslmode=verify-full'))).rejects.toThrow(
      /^The database cannot be reached: unable to verify .*\. .* add sslmode=verify-full&sslrootcert=\/path\/to\/ca\.pem/,
    );
  });

  it('and another name in its certificate is refused, and the error says what to do', async () => {
    await expect(migrate(urlOf('sslmode=verify-full&sslrootcert=CA', OTHER_ADDRESS))).rejects.toThrow(
      /^The database cannot be reached: .*altnames.*\. The host of DATABASE_URL has to be a name in its certificate/,
    );
    await migrate(urlOf('uselibpqcompat=true&sslmode=verify-ca&sslrootcert=CA', OTHER_ADDRESS));
  });

  it.each([
    ['no password', 'asked', /\. The password is that of DATABASE_URL: postgresql:\/\/user:PASSWORD@host/],
    ['a wrong password', 'asked:herring', /\. The password is that of DATABASE_URL/],
    ['an unknown role', 'stranger', /role "stranger" does not exist\. DATABASE_URL begins with the role/],
  ])('is refused with %s, and the error says what to do', async (_what, user, expected) => {
    await expect(migrate(urlOf('sslmode=no-verify').replace('ringback@', `${user}@`))).rejects.toThrow(expected);
  });

  it('is used without a check of the authority with sslmode=no-verify', async () => {
    await migrate(urlOf('sslmode=no-verify'));
  });
});
