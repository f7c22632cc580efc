/** An exchange behind HTTP, as `npm run simulator` has it, but within the test: its targets may become known later. */
import { createLogger } from '../../src/common/logger.js';
import { Exchange } from '../../src/telephony/simulator/exchange.js';
import { createExchangeServer } from '../../src/telephony/simulator/exchange-server.js';
import type { LedgerEntry } from '../../src/telephony/simulator/ledger.js';
import { randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { WebhookSender } from '../../src/telephony/simulator/webhook-sender.js';

export interface RemoteExchange {
  readonly url: string;
  readonly port: number;
  /** Of its webhooks. */
  readonly secret: string;
  /** Where its webhooks go; a test may change it. */
  readonly targets: string[];
  ledger(): Promise<readonly LedgerEntry[]>;
  /** What it knows of a call. */
  entryOf(callSid: string): Promise<LedgerEntry | undefined>;
  close(): Promise<void>;
}

export const startRemoteExchange = async ({
  speed = 100,
  secret = randomWebhookSecret(),
  targets = [] as string[],
} = {}): Promise<RemoteExchange> => {
  const sender = new WebhookSender({ logger: createLogger('silent'), secret, targets: () => targets });
  const exchange = new Exchange({
    speed,
    tell: (event) => {
      sender.send(event);
    },
  });
  const server = createExchangeServer(exchange);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    secret,
    targets,
    ledger: () => exchange.ledger(),
    async entryOf(callSid) {
      return (await exchange.ledger()).find((entry) => entry.callSid === callSid);
    },
    async close() {
      exchange.close();
      await Promise.all([server.close(), sender.close()]);
    },
  };
};
