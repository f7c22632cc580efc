/** The two places where the simulator's carrier can run. A provider's requests must behave the same in both. */
import { createLogger } from '../../src/common/logger.js';
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import { InProcessCarrierClient } from '../../src/telephony/simulator/in-process-carrier-client.js';
import type { CarrierClient } from '../../src/telephony/simulator/carrier-client.js';
import { startRemoteCarrier } from './remote-carrier.js';

interface OpenOptions {
  readonly speed: number;
  readonly secret: string;
  /** The URLs of its webhooks. */
  readonly target: string;
}

interface OpenCarrier {
  readonly line: CarrierClient;
  close(): Promise<void>;
}

export const CARRIER_CLIENTS: readonly { place: string; open(options: OpenOptions): Promise<OpenCarrier> }[] = [
  {
    place: 'in this process',
    async open({ speed, secret, target }) {
      const line = new InProcessCarrierClient({
        logger: createLogger('silent'),
        speed,
        secret,
        targets: () => [target],
      });
      return { line, close: () => line.close() };
    },
  },
  {
    place: 'over HTTP',
    async open({ speed, secret, target }) {
      const remote = await startRemoteCarrier({ speed, secret, targets: [target] });
      const line = new HttpCarrierClient(remote.url);
      return {
        line,
        async close() {
          await line.close();
          await remote.close();
        },
      };
    },
  },
];
