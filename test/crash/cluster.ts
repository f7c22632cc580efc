/**
 * Two replicas on one PostgreSQL, and a simulator, as separate processes. Each can be killed, and each connection between
 * them and to them can become silent.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { DataSource } from 'typeorm';
import { readKeyRing } from '../../src/config/key-ring.js';
import { migrate } from '../../src/database/migrate.js';
import { seedDemoDirectory } from '../../src/directory/demo-directory.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { startDatabase, type EmbeddedDatabase } from '../support/embedded-database.js';
import { REPOSITORY, startNode } from '../support/node-process.js';
import { startSimulator, type SimulatorProcess } from '../support/simulator-process.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { TEST_KEYS, TEST_SECRET } from '../support/test-app.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';

export const SPEED = 20;

/** Busy; silent; unreachable; then three that take the call, whose events come twice, in reverse, or without an end. */
const LINE_PHONES = ['01', '02', '04', '10', '11', '13'].map((script) => ({
  phone: `+86138000031${script}`,
  ringSeconds: 6,
}));

const MAIN = join(REPOSITORY, 'dist/src/main.js');

export class Replica {
  private child: ChildProcess | undefined;

  constructor(
    /** The proxy for clients and the simulator's webhooks; it stays when the process behind it is killed. */
    readonly door: TcpProxy,
    readonly wayToDatabase: TcpProxy,
    private readonly environment: () => Readonly<Record<string, string>>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.door.port}`;
  }

  /** Retries until the process runs, because it does not start without its database. */
  async start(): Promise<void> {
    for (;;) {
      const child = startNode(MAIN, [], { environment: this.environment() });
      this.child = child;
      const port = await portOf(child);
      if (port !== null) {
        this.door.target = port;
        return;
      }
    }
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

/** The process's port, or null if it ends instead. */
const portOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(said)?.[1];
      if (port) {
        said = '';
        resolve(Number(port));
      }
    });
    child.once('exit', () => {
      resolve(null);
    });
  });

const socketOf = ({ socketFolder }: EmbeddedDatabase): string => join(socketFolder, '.s.PGSQL.5432');

export class Cluster {
  private constructor(
    private readonly dataDir: string,
    private postgres: EmbeddedDatabase,
    readonly replicas: readonly Replica[],
    readonly simulator: SimulatorProcess,
  ) {}

  static async start(): Promise<Cluster> {
    const dataDir = await mkdtemp(join(tmpdir(), 'ringback crash '));
    const postgres = await startDatabase(dataDir);
    await migrate(postgres.url);
    const doors = await Promise.all([startTcpProxy(), startTcpProxy()]);
    const targets = doors.map(({ port }) => `http://127.0.0.1:${port}/v1/webhooks/simulator`) as [string, string];
    const simulator = await startSimulator({ targets, speed: SPEED });
    const replicas = await Promise.all(
      doors.map(async (door) => {
        const way = await startTcpProxy(socketOf(postgres));
        return new Replica(door, way, () => ({
          ...simulator.environment,
          ...WITHOUT_LIMITS,
          HOST: '127.0.0.1',
          PORT: '0',
          DATABASE_URL: `postgresql://ringback@127.0.0.1:${way.port}/ringback`,
          JWT_SECRET: TEST_SECRET,
          SIMULATOR: 'true',
          DRAIN_SECONDS: '0',
          SUB_ACCOUNT_KEYS: TEST_KEYS,
          DIAL_TIMEOUT: '1',
          SWEEP_EVERY: '0.5',
          LONGEST_TALK: '10',
        }));
      }),
    );
    await Promise.all(replicas.map((replica) => replica.start()));
    return new Cluster(dataDir, postgres, replicas, simulator);
  }

  /** Connects without a proxy, to prepare the test and to check its result. */
  async database<T>(work: (database: DataSource) => Promise<T>): Promise<T> {
    const database = await new DataSource(dataSourceOptions(this.postgres.url, 2)).initialize();
    try {
      return await work(database);
    } finally {
      await database.destroy();
    }
  }

  /** The demo users, these additional callers, and a service line with several phones. */
  async fillDirectory(callerIds: readonly string[]): Promise<void> {
    await this.database(async (database) => {
      await seedDemoDirectory(database, readKeyRing(TEST_KEYS));
      await database.query(
        `insert into app_user (id, name, phone) select id, 'caller', '+8613900000000' from unnest($1::bigint[]) as id
         on conflict do nothing`,
        [callerIds],
      );
      await database.query(
        `insert into sub_account (user_id, provider, external_id, secret)
         select id, 'simulator', 'account', 'secret' from unnest($1::bigint[]) as id on conflict do nothing`,
        [callerIds],
      );
      await database.query(`update service_line set phone = $1, phones = $2, hunt = 'turn'`, [
        LINE_PHONES[0]!.phone,
        JSON.stringify(LINE_PHONES),
      ]);
    });
  }

  /** Immediate shutdown: connections are cut, and the next start recovers from the WAL. */
  async crashPostgres(): Promise<void> {
    process.kill(this.postgres.postmaster, 'SIGQUIT');
    await this.postgres.stop();
    this.postgres = await startDatabase(this.dataDir);
    for (const { wayToDatabase } of this.replicas) {
      wayToDatabase.target = socketOf(this.postgres);
      // Cuts connections to the removed socket.
      wayToDatabase.mode = 'cut';
      wayToDatabase.mode = 'pass';
    }
  }

  async stop(): Promise<void> {
    for (const { door, wayToDatabase } of this.replicas) {
      door.mode = 'pass';
      wayToDatabase.mode = 'pass';
    }
    await Promise.all(this.replicas.map((replica) => replica.kill('SIGTERM')));
    await this.simulator.stop();
    await Promise.all(this.replicas.flatMap(({ door, wayToDatabase }) => [door.close(), wayToDatabase.close()]));
    await this.postgres.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
