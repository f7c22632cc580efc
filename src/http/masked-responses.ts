/** Masks the phone numbers in every JSON response of the admin API, unless the caller's scope allows whole ones. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isForAdmins, mayReadNumbers } from '../auth/access.js';
import { withoutNumbers } from '../common/masked-numbers.js';
import { nextTurn } from '../common/next-turn.js';

/** These take some milliseconds. Then other requests get a turn. */
const ITEMS_A_TURN = 20;

/** Of each admin route, also of those that come later. Call it before the routes are registered. */
export const maskNumbers = (server: FastifyInstance): void => {
  server.addHook('onRoute', (route) => {
    if (!isForAdmins(route.config?.access)) return;
    const mask = async ({ user }: FastifyRequest, _reply: unknown, payload: unknown): Promise<unknown> =>
      user && mayReadNumbers(user) ? payload : masked(payload);
    route.preSerialization = [route.preSerialization ?? [], mask].flat();
  });
};

const masked = async (payload: unknown): Promise<unknown> => {
  const { items, ...rest } = payload as { readonly items?: unknown };
  if (!Array.isArray(items)) return withoutNumbers(payload);
  const shown: unknown[] = [];
  for (const [index, item] of items.entries()) {
    if (index % ITEMS_A_TURN === ITEMS_A_TURN - 1) await nextTurn();
    shown.push(withoutNumbers(item as unknown));
  }
  return { ...withoutNumbers(rest), items: shown };
};
