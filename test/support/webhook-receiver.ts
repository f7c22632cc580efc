/** The app's backend, as far as webhooks go: takes them, or refuses them as a test likes. */
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

/** silence: no answer at all; cut: the connection is torn down. */
export type Reply = number | 'silence' | 'cut' | WholeReply;

export interface WebhookReceiver {
  readonly url: string;
  /** All that came, whatever was answered. */
  readonly received: ReceivedWebhook[];
  /** Those that were answered with 2xx. */
  taken(callSid?: string): ReceivedWebhook[];
  /** Most of one call that were ever being answered at once. */
  readonly mostAtOnce: number;
  replyWith(reply: (webhook: Omit<ReceivedWebhook, 'answered'>) => Reply | Promise<Reply>): void;
  close(): Promise<void>;
}

export const startWebhookReceiver = async (): Promise<WebhookReceiver> => {
  const received: ReceivedWebhook[] = [];
  const underWay = new Map<string, number>();
  let mostAtOnce = 0;
  let reply: Parameters<WebhookReceiver['replyWith']>[0] = () => 204;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const change = JSON.parse(body) as CallChange;
      const webhook = { headers: request.headers, body, change, id: String(request.headers['webhook-id']) };
      const { callSid } = change.data;
      const atOnce = (underWay.get(callSid) ?? 0) + 1;
      underWay.set(callSid, atOnce);
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      void Promise.resolve(reply(webhook)).then((answered) => {
        underWay.set(callSid, (underWay.get(callSid) ?? 1) - 1);
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
    taken: (callSid) =>
      received.filter(
        ({ answered, change }) =>
          typeof answered === 'number' && answered < 300 && (callSid === undefined || change.data.callSid === callSid),
      ),
    get mostAtOnce() {
      return mostAtOnce;
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
