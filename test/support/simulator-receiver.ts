/** An HTTP server that accepts the simulator's webhooks, or refuses them as the test sets. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { WebhookRequest } from '../../src/telephony/telephony-provider.js';

export interface Delivery extends WebhookRequest {
  readonly body: Buffer;
  readonly callSid: string;
  /** The event type without `call.` */
  readonly type: string;
  readonly endReason?: string;
  readonly id: string;
}

/** A status to answer with; silence: no answer; cut: the connection is closed. */
export type Reply = number | 'silence' | 'cut';

export interface Receiver {
  readonly url: string;
  readonly port: number;
  /** All received webhooks, with any answer. */
  readonly deliveries: Delivery[];
  of(callSid: string): Delivery[];
  /** Open connections. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

export const startReceiver = async (
  reply: (delivery: Delivery, count: number) => Reply = () => 204,
  port = 0,
): Promise<Receiver> => {
  const deliveries: Delivery[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const delivery = read(request.headers, Buffer.concat(chunks));
      deliveries.push(delivery);
      const answer = reply(delivery, deliveries.length);
      if (answer === 'cut') request.socket.destroy();
      else if (answer !== 'silence') response.writeHead(answer).end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/hook`,
    port: taken,
    deliveries,
    of: (callSid) => deliveries.filter((delivery) => delivery.callSid === callSid),
    connections: promisify(server.getConnections.bind(server)),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};

const read = (headers: IncomingHttpHeaders, body: Buffer): Delivery => {
  const { type, call, endReason } = JSON.parse(body.toString()) as {
    type: string;
    call: { reference: string };
    endReason?: string;
  };
  return {
    headers: headers as Record<string, string>,
    body,
    target: '/v1/webhooks/simulator',
    address: '127.0.0.1',
    callSid: call.reference,
    type: type.replace('call.', ''),
    id: headers['webhook-id'] as string,
    ...(endReason !== undefined && { endReason }),
  };
};
