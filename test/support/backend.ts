/** An app's backend: a token with a scope, and the API for backends. */
import type { TestApp } from './test-app.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface Backend {
  /** The body is sent as JSON. */
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  place(body: object, key?: string): Promise<Answer>;
}

export const backend = (
  service: Pick<TestApp, 'url' | 'token'>,
  subject = '9001',
  scope: string | undefined = 'calls:write',
): Backend => {
  const ask: Backend['ask'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${service.url}/v1/calls${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await service.token(subject, scope)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    };
  };
  return {
    ask,
    place: (body, key) => ask('POST', '', body, key === undefined ? {} : { 'idempotency-key': key }),
  };
};

let nextPhone = 1_000;

/** A phone number that no other test uses. The simulator runs the script of its last two digits. */
export const newPhone = (script = '00'): string => `+861390${String(nextPhone++).padStart(5, '0')}${script}`;
