/** The simulator as a program of its own: a telephone company that outlives the service. `npm run simulator` */
import { createLogger } from '../../common/logger.js';
import { controlProcessEnd } from '../../common/process-end.js';
import { readSimulatorEnvironment } from '../../config/environment.js';
import { createExchangeServer } from './exchange-server.js';
import { Exchange } from './exchange.js';
import { WebhookSender } from './webhook-sender.js';

const main = async (): Promise<void> => {
  const config = readSimulatorEnvironment();
  const [secret] = config.simulatorWebhookSecrets;
  const logger = createLogger('warn');
  const sender = new WebhookSender({ secret, targets: () => config.simulatorTargets, logger });
  const exchange = new Exchange({
    speed: config.simulatorSpeed,
    tell: (event) => {
      sender.send(event);
    },
  });
  const server = createExchangeServer(exchange);
  controlProcessEnd(async () => {
    exchange.close();
    await Promise.all([server.close(), sender.close()]);
  }, logger);
  const url = await server.listen({ host: config.simulatorHost, port: config.simulatorPort });

  console.log(`The simulator listens on ${url}`);
};

try {
  await main();
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
