import { issueToken } from '../../src/auth/token-issuer.js';
import type { Envelope } from '../support/test-app.js';

/** A client of a service, with the secret that signs its tokens. */
export class Client {
  constructor(
    readonly url: string,
    private readonly secret: string,
  ) {}

  token(userId: string, scope?: string): Promise<string> {
    return issueToken(this.secret, { userId, lifetimeSeconds: 300, ...(scope && { scope }) });
  }

  /** A contract request as the given user. */
  async ask(userId: string, path: string): Promise<Envelope> {
    const response = await fetch(`${this.url}/v1/app/${path}`, {
      headers: { authorization: `Bearer ${await this.token(userId)}` },
    });
    return (await response.json()) as Envelope;
  }

  /** A request as an admin. @returns the reply's JSON, or its status when there is no JSON */
  async admin(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.url}/v1/admin/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token('1001', 'admin')}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return text ? JSON.parse(text) : response.status;
  }
}
