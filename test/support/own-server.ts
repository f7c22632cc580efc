/** A separate PostgreSQL server, for tests of server-wide settings. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/embedded-postgres/embedded-postgres.js';

export interface OwnServer extends EmbeddedPostgres {
  /** The folder of the server's files. */
  readonly cluster: string;
  readonly socketFolder: string;
}

const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

export const startOwnServer = async (dataDir: string, settings: readonly string[] = []): Promise<OwnServer> => {
  const server = await startEmbeddedPostgres({ dataDir, settings: [...FAST, ...settings] });
  const socketFolder = new URL(server.url).searchParams.get('host') ?? '';
  return { ...server, cluster: join(dataDir, 'postgres'), socketFolder };
};

/** A folder for the files of the server, which may run as another user. */
export const makeServerFolder = async (): Promise<{ path: string; remove(): Promise<void> }> => {
  const path = await mkdtemp(join(tmpdir(), 'ringback server '));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
};
