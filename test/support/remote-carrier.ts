/** A carrier behind HTTP, as `npm run simulator` has it, but within the test: its targets may become known later. */
import { createLogger } from '../../src/common/logger.js';
import { SimulatedCarrier } from '../../src/telephony/simulator/simulated-carrier.js';
import { createCarrierServer } from '../../src/telephony/simulator/carrier-server.js';
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import { randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { WebhookSender } from '../../src/telephony/simulator/webhook-sender.js';

export interface RemoteCarrier {
  readonly url: string;
  readonly port: number;
  /** Of its webhooks. */
  readonly secret: string;
  /** Where its webhooks go; a test may change it. */
  readonly targets: string[];
  callLog(): Promise<readonly CallLogEntry[]>;
  /** What it knows of a call. */
  entryOf(callSid: string): Promise<CallLogEntry | undefined>;
  close(): Promise<void>;
}

export const startRemoteCarrier = async ({
  speed = 100,
  secret = randomWebhookSecret(),
  targets = [] as string[],
} = {}): Promise<RemoteCarrier> => {
  const sender = new WebhookSender({ logger: createLogger('silent'), secret, targets: () => targets });
  const carrier = new SimulatedCarrier({
    speed,
    emit: (event) => {
      sender.send(event);
    },
  });
  const server = createCarrierServer(carrier);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    secret,
    targets,
    callLog: () => carrier.callLog(),
    async entryOf(callSid) {
      return (await carrier.callLog()).find((entry) => entry.callSid === callSid);
    },
    async close() {
      carrier.close();
      await Promise.all([server.close(), sender.close()]);
    },
  };
};
