/** A small OpenID provider on this machine: discovery, authorization without a form, tokens. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import { asJwk, AUDIENCE, makeKey, type SigningKey } from '../support/identity-provider.js';

export const CLIENT = 'desk';

interface Authorization {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
}

export class OpenIdProvider {
  url = '';
  /** Of the access tokens. */
  scope = 'openid admin';
  /** Refuses the next authorization. */
  refuses = false;
  /** A nonce of another sign-in in the id token. */
  mixesUp = false;
  isDown = false;
  /** Requests for its addresses. */
  discoveries = 0;
  /** All tokens so far. */
  readonly issued: string[] = [];
  private key!: SigningKey;
  private readonly codes = new Map<string, Authorization>();
  private readonly server = createServer((request, response) => {
    void this.answer(request).then(({ status = 200, headers = {}, body }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(body === undefined ? '' : JSON.stringify(body));
    });
  });

  async listen(): Promise<void> {
    this.key = await makeKey('ES256', 'first');
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async answer(
    request: IncomingMessage,
  ): Promise<{ readonly status?: number; readonly headers?: Record<string, string>; readonly body?: unknown }> {
    const url = new URL(request.url ?? '', this.url);
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        this.discoveries++;
        return this.isDown ? { status: 500 } : { body: this.metadata() };
      case '/jwks.json':
        return { body: { keys: [await asJwk(this.key)] } };
      case '/authorize':
        return { status: 302, headers: { location: this.authorize(url.searchParams) } };
      case '/token':
        return this.tokens(new URLSearchParams(await textOf(request)));
      default:
        return { status: 404 };
    }
  }

  private metadata() {
    return {
      issuer: this.url,
      authorization_endpoint: `${this.url}/authorize`,
      token_endpoint: `${this.url}/token`,
      jwks_uri: `${this.url}/jwks.json`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  private authorize(query: URLSearchParams): string {
    const redirectUri = query.get('redirect_uri') ?? '';
    const back = new URL(redirectUri);
    back.searchParams.set('state', query.get('state') ?? '');
    if (this.refuses) back.searchParams.set('error', 'access_denied');
    else {
      const code = `code-${this.codes.size}`;
      const challenge = query.get('code_challenge') ?? '';
      this.codes.set(code, { nonce: query.get('nonce') ?? '', challenge, redirectUri });
      back.searchParams.set('code', code);
    }
    return back.href;
  }

  private async tokens(form: URLSearchParams) {
    const code = form.get('code') ?? '';
    const known = this.codes.get(code);
    this.codes.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (known?.challenge !== challenge || known.redirectUri !== form.get('redirect_uri')) {
      return { status: 400, body: { error: 'invalid_grant' } };
    }
    const sign = async (claims: Record<string, unknown>, audience: string): Promise<string> => {
      const token = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: this.key.kid })
        .setIssuer(this.url)
        .setSubject('1001')
        .setAudience(audience)
        .setIssuedAt()
        .setExpirationTime('5 minutes')
        .sign(this.key.privateKey);
      this.issued.push(token);
      return token;
    };
    return {
      body: {
        access_token: await sign({ scope: this.scope }, AUDIENCE),
        id_token: await sign({ nonce: this.mixesUp ? 'another' : known.nonce }, CLIENT),
        token_type: 'Bearer',
        expires_in: 300,
      },
    };
  }
}

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};
