import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrate } from '../../src/database/migrate.js';
import { queryDatabase } from '../support/database-query.js';
import { makeServerFolder, startOwnServer, type OwnServer } from '../support/own-server.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { startTestApp } from '../support/test-app.js';
import { waitFor } from '../support/wait-for.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const WEBHOOKS = { WEBHOOK_ALLOWED_RANGES: '127.0.0.0/8' };

const socketOf = ({ socketFolder }: OwnServer): string => join(socketFolder, '.s.PGSQL.5432');

describe('a URL with a primary and its standby', () => {
  let folder: Awaited<ReturnType<typeof makeServerFolder>>;
  let receiver: WebhookReceiver;
  let primary: OwnServer;
  let standby: OwnServer;

  beforeAll(async () => {
    folder = await makeServerFolder();
    receiver = await startWebhookReceiver();
    const [first, second] = ['first', 'second'].map((name) => join(folder.path, name)) as [string, string];
    primary = await startOwnServer(first);
    await migrate(primary.url);
    const service = await startTestApp({ databaseUrl: primary.url, environment: WEBHOOKS });
    await registerEndpoint(service, { url: receiver.url });
    await service.close();
    await primary.stop();
    await mkdir(second);
    execFileSync('cp', ['-a', join(primary.cluster, '.'), join(second, 'postgres')]);
    // A standby without replication: it is read-only until it is promoted.
    await writeFile(join(second, 'postgres/standby.signal'), '');
    primary = await startOwnServer(first);
    standby = await startOwnServer(second);
  });
  afterAll(async () => {
    await primary.stop();
    await standby.stop();
    await receiver.close();
    await folder.remove();
  });

  const carriesACall = async (url: string): Promise<void> => {
    await migrate(url);
    const service = await startTestApp({ databaseUrl: url, environment: WEBHOOKS });
    try {
      const { data } = await service.ask('1004', 'call/2000');
      await waitFor('all changes to be delivered', () => receiver.accepted(data?.callSid).length === 4);
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
    } finally {
      await service.close();
    }
  };

  it('connects to the server that accepts writes, over sockets', async () => {
    const hosts = [standby, primary].map(({ socketFolder }) => socketFolder);

    await carriesACall(`postgresql://ringback@${hosts.map(encodeURIComponent).join(',')}/ringback`);
    await carriesACall(`postgresql://ringback@localhost/ringback?host=${hosts.join(',')}`);
  });

  it('fails with the reason of each host when none accepts writes', async () => {
    await expect(
      migrate(`postgresql://ringback@localhost/ringback?host=${folder.path},${standby.socketFolder}`),
    ).rejects.toThrow(
      /^The database cannot be reached: none of the hosts can be used \(.*:5432: connect ENOENT .*; .*:5432: the database server takes no changes/,
    );
  });

  it('connects to the former standby after a failover', async () => {
    const proxies: TcpProxy[] = await Promise.all([primary, standby].map((server) => startTcpProxy(socketOf(server))));
    const hosts = proxies.map(({ port }) => `127.0.0.1:${port}`).join(',');
    const service = await startTestApp({
      databaseUrl: `postgresql://ringback@${hosts}/ringback`,
      environment: WEBHOOKS,
    });
    try {
      expect((await service.ask('1004', 'call/2000')).returnCode).toBe(200);
      // A host that stops replying without closing connections.
      proxies[0]!.mode = 'silence';
      await queryDatabase(standby.superuserUrl, 'select pg_promote()');

      await waitFor(
        'readiness to come back',
        async () => (await fetch(`${service.url}/health/ready`)).status === 200,
        60_000,
      );
      const { data } = await waitFor('a call to be placed', async () => {
        const placed = await service.ask('1005', 'call/2000');
        return placed.returnCode === 200 && placed;
      });
      await waitFor('all changes to be delivered', () => receiver.accepted(data?.callSid).length === 4, 60_000);
      expect(
        await queryDatabase(standby.url, `select state from call_records where call_sid = '${data!.callSid!}'`),
      ).toEqual([{ state: 4 }]);
    } finally {
      await service.close();
      for (const proxy of proxies) await proxy.close();
    }
  });
});
