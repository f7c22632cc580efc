/**
 * The poll that every live caller makes every second (design rule 7), answered before the framework has built what it builds
 * for a request: where the state is in memory, and nothing beyond the contract is asked. All else goes on to the controller,
 * whose answer this is, to the byte.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import '../../auth/access.js';
import { successText } from '../../common/contract-envelope.js';
import { longPollOf } from './long-poll.js';
import type { StateCache } from './state-cache.js';

const ROUTE = '/v1/app/callState/:callSid';

/** By state. */
const ANSWERS = ['', '1', '2', '3', '4'].map((state) => successText(`{"stateType":"${state}"}`));

/** Before the route is made, and after authentication has been set before it. */
export const answerPollsFromMemory = (server: FastifyInstance, memory: StateCache): void => {
  const answer = (request: FastifyRequest, reply: FastifyReply, goOn: () => void): void => {
    const { callSid } = request.params as { callSid: string };
    const call = memory.get(callSid);
    if (!call || call.callerId !== request.user?.userId || asksForMore(request)) {
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
