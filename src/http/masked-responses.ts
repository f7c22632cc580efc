/** Masks the phone numbers in every JSON response of the admin API, unless the caller's scope allows whole ones. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isForAdmins, mayReadNumbers } from '../auth/access.js';
import { withoutNumbers, withoutNumbersInTurns } from '../common/masked-numbers.js';
import { mapInTurns } from '../common/next-turn.js';

/** Of each admin route, also of those that come later. Call it before the routes are registered. */
export const maskNumbers = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (!isForAdmins(route.config?.access)) return;
    const mask = async ({ user }: FastifyRequest, _reply: unknown, payload: unknown): Promise<unknown> =>
      user && mayReadNumbers(user) ? payload : masked(payload as object);
    route.preSerialization = [route.preSerialization ?? [], mask].flat();
  });
};

const masked = async (payload: object): Promise<unknown> => {
  const { items, ...rest } = payload as { readonly items?: unknown };
  if (!Array.isArray(items)) return withoutNumbersInTurns(payload);
  return { ...withoutNumbers(rest), items: await mapInTurns<unknown, unknown>(items, withoutNumbers) };
};
