/** Two replicas of the service on one database, whose calls one carrier carries: either may ask it about each call. */
import { startRemoteCarrier, type RemoteCarrier } from './remote-carrier.js';
import { startTestApp, type TestApp } from './test-app.js';
import { createTestDatabase } from './test-database.js';

export interface ReplicasAtCarrier {
  readonly carrier: RemoteCarrier;
  readonly replicas: readonly [TestApp, TestApp];
  /** By turns. */
  replica(turn: number): TestApp;
  close(): Promise<void>;
}

interface Options {
  readonly environment?: Readonly<Record<string, string>>;
  readonly logTo?: NodeJS.WritableStream;
}

export const startReplicasAtCarrier = async ({ environment, logTo }: Options = {}): Promise<ReplicasAtCarrier> => {
  const database = await createTestDatabase();
  const carrier = await startRemoteCarrier({ speed: 20 });
  const start = (): Promise<TestApp> =>
    startTestApp({
      databaseUrl: database.url,
      environment: {
        SIMULATOR_SHARES_ACCOUNT: 'true',
        SIMULATOR_URL: carrier.url,
        SIMULATOR_WEBHOOK_SECRETS: carrier.secret,
        ...environment,
      },
      ...(logTo && { logTo }),
    });
  const replicas = [await start(), await start()] as const;
  carrier.targets.push(...replicas.map(({ url }) => `${url}/v1/webhooks/simulator`));
  return {
    carrier,
    replicas,
    replica: (turn) => (turn % 2 === 0 ? replicas[0] : replicas[1]),
    async close() {
      await Promise.all(replicas.map((replica) => replica.close()));
      await carrier.close();
      await database.drop();
    },
  };
};
