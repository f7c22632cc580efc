/** The simulator as a separate program, whose calls survive a restart of the service. `npm run simulator` */
import { createLogger } from '../../common/logger.js';
import { takeNoArguments } from '../../common/usage.js';
import { controlProcessEnd } from '../../common/process-end.js';
import type { SimulatorConfig } from '../../config/config.js';
import { readSimulatorEnvironment } from '../../config/environment.js';
import { createCarrierServer } from './carrier-server.js';
import { SimulatedCarrier } from './simulated-carrier.js';
import { WebhookSender } from './webhook-sender.js';

const USAGE = `Usage: npm run simulator
  Its settings are SIMULATOR_HOST, SIMULATOR_PORT and the others of docs/configuration.md.`;

const main = async (): Promise<void> => {
  takeNoArguments(USAGE);
  const config = readSimulatorEnvironment();
  const [secret] = config.simulatorWebhookSecrets;
  const logger = createLogger('warn');
  const sender = new WebhookSender({ secret, targets: () => config.simulatorTargets, logger });
  const carrier = new SimulatedCarrier({
    speed: config.simulatorSpeed,
    emit: (event) => {
      sender.send(event);
    },
  });
  const server = createCarrierServer(carrier);
  controlProcessEnd(async () => {
    carrier.close();
    await Promise.all([server.close(), sender.close()]);
  }, logger);
  const url = await server
    .listen({ host: config.simulatorHost, port: config.simulatorPort })
    .catch((error: unknown) => {
      throw new Error(whyNotListening(error as NodeJS.ErrnoException, config), { cause: error });
    });

  console.log(`The simulator listens on ${url}`);
};

const whyNotListening = ({ code }: NodeJS.ErrnoException, { simulatorHost, simulatorPort }: SimulatorConfig): string =>
  code === 'EADDRINUSE'
    ? `Port ${simulatorPort} is taken. Stop what listens there, or set SIMULATOR_PORT to another one; 0 takes a free one.`
    : `SIMULATOR_HOST=${simulatorHost} with SIMULATOR_PORT=${simulatorPort} cannot be listened on (${code ?? 'unknown error'}).`;

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
