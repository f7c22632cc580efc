/** Writes the long JSON responses of the admin API in steps, between which other requests get turns. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isForAdmins } from '../auth/access.js';
import { hasLongList, jsonInTurns } from '../common/json-in-turns.js';

/** Call it before the routes are registered, and after hooks that change what is written. */
export const writeInTurns = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (!isForAdmins(route.config?.access)) return;
    route.preSerialization = [route.preSerialization ?? [], write].flat();
  });
};

const write = async (_request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
  if (!hasLongList(payload)) return payload;
  const bytes = await jsonInTurns(payload);
  void reply.serializer(asWritten);
  return bytes;
};

/** Fastify takes bytes too, though its type says text. An error that takes the place of the response is not written yet. */
const asWritten = (payload: unknown): string =>
  Buffer.isBuffer(payload) ? (payload as Buffer & string) : JSON.stringify(payload);
