/** The two places where an exchange can be. What holds for a provider's orders must hold wherever they go. */
import { createLogger } from '../../src/common/logger.js';
import { ExchangeClient } from '../../src/telephony/simulator/exchange-client.js';
import { ExchangeInProcess } from '../../src/telephony/simulator/exchange-in-process.js';
import type { ExchangeLine } from '../../src/telephony/simulator/exchange-line.js';
import { startRemoteExchange } from './remote-exchange.js';

interface OpenOptions {
  readonly speed: number;
  readonly secret: string;
  /** Where its webhooks go. */
  readonly target: string;
}

interface OpenExchange {
  readonly line: ExchangeLine;
  close(): Promise<void>;
}

export const EXCHANGE_PLACES: readonly { place: string; open(options: OpenOptions): Promise<OpenExchange> }[] = [
  {
    place: 'in this process',
    async open({ speed, secret, target }) {
      const line = new ExchangeInProcess({ logger: createLogger('silent'), speed, secret, targets: () => [target] });
      return { line, close: () => line.close() };
    },
  },
  {
    place: 'over HTTP',
    async open({ speed, secret, target }) {
      const remote = await startRemoteExchange({ speed, secret, targets: [target] });
      const line = new ExchangeClient(remote.url);
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
