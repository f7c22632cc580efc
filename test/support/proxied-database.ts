/** A test database behind a network that fails as a test likes. */
import { join } from 'node:path';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { createTestDatabase } from './test-database.js';

export interface ProxiedDatabase {
  /** By way of the proxy. */
  readonly url: string;
  /** Around it. */
  readonly directUrl: string;
  readonly proxy: TcpProxy;
  drop(): Promise<void>;
}

export const createProxiedDatabase = async (): Promise<ProxiedDatabase> => {
  const { url: directUrl, drop } = await createTestDatabase();
  const { pathname, username, searchParams } = new URL(directUrl);
  const proxy = await startTcpProxy(join(searchParams.get('host') ?? '', '.s.PGSQL.5432'));
  return {
    url: `postgresql://${username}@127.0.0.1:${proxy.port}${pathname}`,
    directUrl,
    proxy,
    async drop() {
      await proxy.close();
      await drop();
    },
  };
};
