/** Receives Twilio's callbacks without the service: a provider reads each request and decides the answer. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { advance, REQUESTED, type CallProgress } from '../../src/call/record/call-lifecycle.js';
import type {
  ProviderEvent,
  TelephonyProvider,
  WebhookReading,
  WebhookRequest,
} from '../../src/telephony/telephony-provider.js';

export interface TwilioReceiver {
  readonly url: string;
  readonly requests: WebhookRequest[];
  readonly readings: WebhookReading[];
  /** A status to answer with, without reading the request. */
  refuseWith: number | null;
  eventsOf(callSid: string): ProviderEvent[];
  close(): Promise<void>;
}

export const startTwilioReceiver = async (provider: () => TelephonyProvider): Promise<TwilioReceiver> => {
  const requests: WebhookRequest[] = [];
  const readings: WebhookReading[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const webhook: WebhookRequest = {
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks),
        target: request.url ?? '',
        address: '127.0.0.1',
      };
      requests.push(webhook);
      if (receiver.refuseWith !== null) {
        response.writeHead(receiver.refuseWith).end();
        return;
      }
      const reading = provider().readWebhook!(webhook);
      readings.push(reading);
      if (reading.kind !== 'genuine') response.writeHead(reading.kind === 'forged' ? 401 : 400).end(reading.reason);
      else if (!reading.reply) response.writeHead(204).end();
      else response.writeHead(200, { 'content-type': reading.reply.contentType }).end(reading.reply.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const receiver: TwilioReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    readings,
    refuseWith: null,
    eventsOf: (callSid) =>
      readings.flatMap((reading) =>
        reading.kind === 'genuine' ? reading.events.filter((event) => event.callSid === callSid) : [],
      ),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return receiver;
};

/** The record after these events, each applied once. */
export const recordAfter = (events: readonly ProviderEvent[]): CallProgress => {
  const once = new Map([...events].reverse().map((event) => [event.eventId, event]));
  return events.filter((event) => once.get(event.eventId) === event).reduce(advance, REQUESTED);
};
