/**
 * The carrier as another machine, over HTTP with JSON:
 *
 *   POST /calls                      { callSid, callerPhone, calleePhone, calleeExtension?, hunt? } -> 201 { callId }
 *   POST /calls/{callSid}/hang-up    { before? }                          -> 200 { answer }
 *   GET  /calls/{callSid}                                                 -> 200 { events }
 *   GET  /call-log                                                        -> 200 { calls }
 *   GET  /health                                                          -> 200
 *
 * A refused dial is answered with 422 and category, code and text. A dial whose script hangs is never answered; one whose
 * script fails gets 503. An unknown call is 404 with the code no_such_call, to distinguish it from a wrong URL.
 */
import fastify, { type FastifyInstance } from 'fastify';
import type { DialRequest } from '../telephony-provider.js';
import type { SimulatedCarrier, HangUpOrder } from './simulated-carrier.js';
import { NO_SUCH_CALL, wireStatusOf } from './wire-format.js';

/** Fits into a path, within Fastify's limit for one path parameter. */
const callSid = { type: 'string', pattern: '^[\\w-]{1,100}$' };
const phone = { type: 'string', pattern: '^\\+?\\d{1,20}$' };

const object = (properties: object, required: readonly string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

const ofCall = object({ callSid });
const calleeExtension = { type: 'string', pattern: '^\\d{1,6}$' };
const ringSeconds = { type: 'integer', minimum: 1, maximum: 86_400 };
const hunt = {
  type: 'array',
  minItems: 2,
  maxItems: 100,
  items: object({ phone, extension: calleeExtension, ringSeconds }, ['phone', 'ringSeconds']),
};
const dialBody = object({ callSid, callerPhone: phone, calleePhone: phone, calleeExtension, hunt }, [
  'callSid',
  'callerPhone',
  'calleePhone',
]);
const hangUpBody = object({ before: { enum: ['ringing', 'answered'] } }, []);

export const createCarrierServer = (carrier: SimulatedCarrier): FastifyInstance => {
  const server = fastify({
    // Closes connections whose reply never comes.
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  });

  server.post<{ Body: Omit<DialRequest, 'subAccount'> }>(
    '/calls',
    { schema: { body: dialBody } },
    async ({ body }, reply) => {
      const answer = await carrier.dial(body);
      switch (answer.kind) {
        case 'accepted':
          return reply.code(201).send({ callId: answer.callId });
        case 'refused':
          return reply.code(422).send({ category: answer.category, code: answer.code, text: answer.text });
        case 'server_error':
          return reply.code(503).send({ message: 'The carrier is out of order.' });
        case 'no_reply':
          return reply.hijack();
      }
    },
  );

  server.post<{ Params: { callSid: string }; Body: Pick<HangUpOrder, 'before'> }>(
    '/calls/:callSid/hang-up',
    { schema: { params: ofCall, body: hangUpBody } },
    async ({ params, body }) => ({ answer: await carrier.hangUp({ ...params, ...body }) }),
  );

  server.get<{ Params: { callSid: string } }>(
    '/calls/:callSid',
    { schema: { params: ofCall } },
    async ({ params }, reply) => {
      const events = await carrier.statusOf(params.callSid);
      return events ? wireStatusOf(events) : reply.code(404).send({ code: NO_SUCH_CALL });
    },
  );

  server.get('/call-log', async () => ({ calls: await carrier.callLog() }));
  server.get('/health', async () => ({ status: 'ok' }));
  return server;
};
