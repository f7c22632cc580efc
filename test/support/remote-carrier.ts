/** The simulator's carrier behind HTTP, like `npm run simulator`, in the test's process. Its targets can be set later. */
import type { Refusal } from '../../src/telephony/telephony-provider.js';
import { createLogger } from '../../src/common/logger.js';
import { SimulatedCarrier } from '../../src/telephony/simulator/simulated-carrier.js';
import { createCarrierServer } from '../../src/telephony/simulator/carrier-server.js';
import type { CallLogEntry } from '../../src/telephony/simulator/call-log.js';
import { randomWebhookSecret } from '../../src/telephony/simulator/simulator.provider.js';
import { WebhookSender } from '../../src/telephony/simulator/webhook-sender.js';

export interface RemoteCarrier {
  readonly url: string;
  readonly port: number;
  /** The secret of its webhooks. */
  readonly secret: string;
  /** The URLs of its webhooks; a test may change them. */
  readonly targets: string[];
  /** Answers the next dial with this refusal instead of its script. */
  refuseNext(refusal: Refusal, headers?: Readonly<Record<string, string>>): void;
  callLog(): Promise<readonly CallLogEntry[]>;
  /** The carrier's log entry of a call. */
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
  let refusal: { readonly body: Refusal; readonly headers: Readonly<Record<string, string>> } | undefined;
  server.addHook('preHandler', async ({ method, url }, reply) => {
    if (!refusal || method !== 'POST' || url !== '/calls') return;
    const { body, headers } = refusal;
    refusal = undefined;
    await reply.code(422).headers(headers).send(body);
  });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    port: Number(new URL(url).port),
    secret,
    targets,
    refuseNext: (body, headers = {}) => (refusal = { body, headers }),
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
