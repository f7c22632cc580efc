/** An identity provider on this machine: publishes keys, counts requests, and can give other answers. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

export const makeKey = async (alg: string, kid: string): Promise<SigningKey> => ({
  alg,
  kid,
  ...(await generateKeyPair(alg, { extractable: true })),
});

export const asJwk = async ({ publicKey, kid, alg }: SigningKey): Promise<JWK> => ({
  ...(await exportJWK(publicKey)),
  kid,
  alg,
  use: 'sig',
});

export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'ringback';

interface Claims {
  readonly issuer?: string;
  readonly audience?: string;
  readonly lifetime?: string;
  /** Overrides the key's own algorithm. */
  readonly alg?: string;
}

export const signBy = ({ alg, kid, privateKey }: SigningKey, claims: Claims = {}): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: claims.alg ?? alg, kid })
    .setSubject('1001')
    .setIssuer(claims.issuer ?? ISSUER)
    .setAudience(claims.audience ?? AUDIENCE)
    .setExpirationTime(claims.lifetime ?? '1 minute')
    .sign(privateKey);

/** A token with an unknown key id and without a valid signature. */
export const forgedToken = (kid: string): string => {
  const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');
  return `${part({ alg: 'ES256', kid })}.${part({ sub: '1001', exp: 4_000_000_000 })}.${'A'.repeat(86)}`;
};

export class IdentityProvider {
  keys: SigningKey[] = [];
  requests = 0;
  /** Answers instead of sending the key set. */
  replyInstead: ((response: ServerResponse) => void) | null = null;
  private readonly server = createServer((_request, response) => {
    this.requests++;
    if (this.replyInstead) this.replyInstead(response);
    else void Promise.all(this.keys.map(asJwk)).then((keys) => response.end(JSON.stringify({ keys })));
  });

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/jwks.json`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
