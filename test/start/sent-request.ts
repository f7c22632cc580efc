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
  /** It went out on a connection that had been used before. */
  readonly onOldConnection: boolean;
}

/** One connection, kept alive. */
export const oneConnection = (): Agent => new Agent({ keepAlive: true, maxSockets: 1 });

/** Resolves when the request has left, whenever its reply may come. */
export const send = async (url: string, agent?: Agent): Promise<SentRequest> => {
  // On a connection of its own where no agent is given.
  const outgoing = request(url, { agent: agent ?? false });
  const reply = (once(outgoing, 'response') as Promise<[IncomingMessage]>).then(async ([incoming]) => ({
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: await text(incoming),
  }));
  // Who awaits the reply hears of it.
  reply.catch(() => undefined);
  const left = once(outgoing, 'finish');
  outgoing.end();
  await left;
  return { reply, onOldConnection: outgoing.reusedSocket };
};
