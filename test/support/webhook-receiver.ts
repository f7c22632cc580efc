/** An app's backend that receives webhooks, and accepts or refuses them as the test sets. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallChange } from '../../src/call/record/call-change.js';

export interface ReceivedWebhook {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly change: CallChange;
  /** `webhook-id` */
  readonly id: string;
  readonly answered: Reply;
}

interface WholeReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** silence: no answer; cut: the connection is closed. */
export type Reply = number | 'silence' | 'cut' | WholeReply;

export interface WebhookReceiver {
  readonly url: string;
  /** All received webhooks, with any answer. */
  readonly received: ReceivedWebhook[];
  /** The webhooks that were answered with 2xx. */
  accepted(callSid?: string): ReceivedWebhook[];
  /** The greatest number of concurrent deliveries of one call. */
  readonly mostConcurrent: number;
  replyWith(reply: (webhook: Omit<ReceivedWebhook, 'answered'>) => Reply | Promise<Reply>): void;
  close(): Promise<void>;
}

export const startWebhookReceiver = async (): Promise<WebhookReceiver> => {
  const received: ReceivedWebhook[] = [];
  const inFlight = new Map<string, number>();
  let mostConcurrent = 0;
  let reply: Parameters<WebhookReceiver['replyWith']>[0] = () => 204;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const change = JSON.parse(body) as CallChange;
      const webhook = { headers: request.headers, body, change, id: String(request.headers['webhook-id']) };
      const { callSid } = change.data;
      const concurrent = (inFlight.get(callSid) ?? 0) + 1;
      inFlight.set(callSid, concurrent);
      mostConcurrent = Math.max(mostConcurrent, concurrent);
      void Promise.resolve(reply(webhook)).then((answered) => {
        inFlight.set(callSid, (inFlight.get(callSid) ?? 1) - 1);
        received.push({ ...webhook, answered });
        if (answered === 'cut') request.socket.destroy();
        else if (typeof answered === 'number') response.writeHead(answered).end();
        else if (answered !== 'silence') response.writeHead(answered.status, answered.headers).end(answered.body);
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    accepted: (callSid) =>
      received.filter(
        ({ answered, change }) =>
          typeof answered === 'number' && answered < 300 && (callSid === undefined || change.data.callSid === callSid),
      ),
    get mostConcurrent() {
      return mostConcurrent;
    },
    replyWith(next) {
      reply = next;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
