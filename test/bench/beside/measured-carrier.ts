/** The simulator's carrier beside the load, so that what it has told can be compared with what was recorded. */
import { createLogger } from '../../../src/common/logger.js';
import { createCarrierServer } from '../../../src/telephony/simulator/carrier-server.js';
import { SimulatedCarrier } from '../../../src/telephony/simulator/simulated-carrier.js';
import { WebhookSender } from '../../../src/telephony/simulator/webhook-sender.js';
import { WEBHOOK_SECRET } from './given.js';

export interface MeasuredCarrier {
  readonly url: string;
  /** Why each call that is over has ended. */
  readonly ends: ReadonlyMap<string, string>;
  /** Where its webhooks go; there are none before. */
  tell(serviceUrl: string): void;
  /** Closes its connections to the service, which it keeps for over a minute; it makes new ones when it needs them. */
  disconnect(): Promise<void>;
  /** Calls whose phones were rung more than once, among the latest. */
  dialledTwice(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export const startMeasuredCarrier = async (speed: number): Promise<MeasuredCarrier> => {
  const ends = new Map<string, string>();
  let targets: readonly string[] = [];
  const newSender = (): WebhookSender =>
    new WebhookSender({ logger: createLogger('silent'), secret: WEBHOOK_SECRET, targets: () => targets });
  let sender = newSender();
  const carrier = new SimulatedCarrier({
    speed,
    emit: (event) => {
      if (event.endReason) ends.set(event.callSid, event.endReason);
      sender.send(event);
    },
  });
  const server = createCarrierServer(carrier);
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    ends,
    tell(serviceUrl) {
      targets = [`${serviceUrl}/v1/webhooks/simulator`];
    },
    async disconnect() {
      const last = sender;
      sender = newSender();
      await last.close();
    },
    async dialledTwice() {
      return (await carrier.callLog()).filter(({ dials }) => dials > 1).map(({ callSid }) => callSid);
    },
    async stop() {
      carrier.close();
      await Promise.all([server.close(), sender.close()]);
    },
  };
};
