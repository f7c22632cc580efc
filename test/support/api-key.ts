/** API keys, as an administrator makes them and a backend sends them. */
import { backend, type Backend } from './backend.js';
import type { TestApp } from './test-app.js';

export interface MadeApiKey {
  readonly id: string;
  readonly key: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly prefix: string;
  readonly expiresAt: string | null;
  readonly previousKeyUntil?: string;
}

export const makeKey = async (service: Pick<TestApp, 'admin'>, body: object = {}): Promise<MadeApiKey> => {
  const response = await service.admin('POST', 'api-keys', { name: 'crm', scopes: ['calls:write'], ...body });
  expect(response.status).toBe(201);
  return (await response.json()) as MadeApiKey;
};

export const rotateKey = async (
  service: Pick<TestApp, 'admin'>,
  id: string,
  body: object = {},
): Promise<MadeApiKey> => {
  const response = await service.admin('POST', `api-keys/${id}/rotate`, body);
  expect(response.status).toBe(201);
  return (await response.json()) as MadeApiKey;
};

export const revokeKey = async (service: Pick<TestApp, 'admin'>, id: string): Promise<void> => {
  expect((await service.admin('DELETE', `api-keys/${id}`)).status).toBe(204);
};

export const keyHeaders = (key: string) => ({ authorization: `Bearer ${key}` });

export const backendWithKey = ({ url }: Pick<TestApp, 'url'>, key: string): Backend =>
  backend({ url, token: () => Promise.resolve(key) });

export interface Refusal {
  readonly status: number;
  readonly challenge: string | null;
}

/** Of a callSid that nobody has: a key that is accepted gets 404, without a statement. */
export const statusOf = async ({ url }: Pick<TestApp, 'url'>, key: string): Promise<Refusal> => {
  const response = await fetch(`${url}/v1/calls/none`, { headers: keyHeaders(key) });
  await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get('www-authenticate') };
};

export const ACCEPTED: Refusal = { status: 404, challenge: null };
export const REFUSED: Refusal = {
  status: 401,
  challenge: 'Bearer error="invalid_token", error_description="The API key is unknown, revoked or expired."',
};
