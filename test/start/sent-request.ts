import { once } from 'node:events';
import { Agent, request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface SentRequest {
  readonly reply: Promise<Reply>;
  /** Whether it was sent on a connection that had been used before. */
  readonly onOldConnection: boolean;
}

/** One connection, kept alive. */
export const oneConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** Resolves when the request has been sent; its reply may arrive later. */
export const send = async (url: string, agent?: Agent): Promise<SentRequest> => {
  // On a new connection when there is no agent.
  const outgoing = request(url, { agent: agent ?? false });
  const reply = (once(outgoing, 'response') as Promise<[IncomingMessage]>).then(async ([incoming]) => ({
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: await text(incoming),
  }));
  // A rejection reaches the caller that awaits the reply.
  reply.catch(() => undefined);
  const left = once(outgoing, 'finish');
  outgoing.end();
  await left;
  return { reply, onOldConnection: outgoing.reusedSocket };
};
