/** Every path of Ringback, the admin API too, with the types of openapi.json: `(await api.GET('/v1/admin/calls')).data`. */
import createClient, { type Client } from 'openapi-fetch';
import { baseOf, currentToken, type ConnectionOptions } from './connection.js';
import type { paths } from './schema.js';

export type { components, paths, webhooks } from './schema.js';

export const ringbackApi = ({ url, token, fetch }: ConnectionOptions): Client<paths> => {
  const client = createClient<paths>({ baseUrl: baseOf(url), ...(fetch && { fetch }) });
  client.use({
    async onRequest({ request }) {
      request.headers.set('authorization', `Bearer ${await currentToken(token, request.signal)}`);
      return request;
    },
  });
  return client;
};
