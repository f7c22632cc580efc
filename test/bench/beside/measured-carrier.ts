/** The simulator's carrier in the bench process, so that the events it sent can be compared with the records. */
import { createLogger } from '../../../src/common/logger.js';
import { createCarrierServer } from '../../../src/telephony/simulator/carrier-server.js';
import { SimulatedCarrier } from '../../../src/telephony/simulator/simulated-carrier.js';
import { WebhookSender } from '../../../src/telephony/simulator/webhook-sender.js';
import { WEBHOOK_SECRET } from './given.js';

export interface MeasuredCarrier {
  readonly url: string;
  /** The end reason of each ended call. */
  readonly ends: ReadonlyMap<string, string>;
  /** Sets the service that receives its webhooks. None are sent before. */
  sendTo(serviceUrl: string): void;
  /** Closes its connections to the service, which stay open for over a minute. New ones are opened on demand. */
  disconnect(): Promise<void>;
  /** The latest calls that were dialled more than once. */
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
    sendTo(serviceUrl) {
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
