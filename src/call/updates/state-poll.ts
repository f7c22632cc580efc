/**
 * Answers the poll that every live caller sends every second (design rule 7), before Nest builds its request objects.
 * It answers only if the state is cached and the request has no long-poll parameters. All others go to the controller,
 * whose reply is byte for byte the same.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import '../../auth/access.js';
import { successText } from '../../common/contract-envelope.js';
import { longPollOf } from './long-poll.js';
import type { StateCache } from './state-cache.js';

const ROUTE = '/v1/app/callState/:callSid';

/** Replies by state. */
const ANSWERS = ['', '1', '2', '3', '4'].map((state) => successText(`{"stateType":"${state}"}`));

/** Call it before the route is registered, and after the authentication hook. */
export const answerPollsFromMemory = (server: FastifyInstance, memory: StateCache): void => {
  const answer = (request: FastifyRequest, reply: FastifyReply, goOn: () => void): void => {
    const { callSid } = request.params as { callSid: string };
    const call = memory.get(callSid);
    if (!call || call.callerId !== request.user?.subject || asksForMore(request)) {
      goOn();
      return;
    }
    request.logContext.callSid = callSid;
    void reply.type('application/json; charset=utf-8').send(ANSWERS[call.state]);
  };
  server.addHook('onRoute', (route) => {
    if (route.url === ROUTE && route.method === 'GET') route.onRequest = [route.onRequest ?? [], answer].flat();
  });
};

const asksForMore = ({ query }: FastifyRequest): boolean => {
  try {
    return longPollOf(query as Record<string, unknown>) !== null;
  } catch {
    return true;
  }
};
