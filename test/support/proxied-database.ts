/** A test database behind a TCP proxy, whose failures the test controls. */
import { join } from 'node:path';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { createTestDatabase } from './test-database.js';

export interface ProxiedDatabase {
  /** The URL through the proxy. */
  readonly url: string;
  /** The URL without the proxy. */
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
