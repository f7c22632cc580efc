/** The limit of HTTP in Node: a fast framework and a constant answer. */
import fastify from 'fastify';
import { sayUrl } from '../given.js';

const server = fastify();
server.get('/v1/app/callState/:callSid', () => ({
  data: { stateType: '3' },
  returnCode: 200,
  returnMsg: 'success',
}));
sayUrl(await server.listen({ host: '127.0.0.1', port: 0 }));
