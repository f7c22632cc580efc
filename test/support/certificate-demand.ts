/** A TLS server without a certificate that records the server names which clients request. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

export interface CertificateDemand {
  readonly port: number;
  readonly requested: readonly string[];
  close(): void;
}

export const startCertificateDemand = async (): Promise<CertificateDemand> => {
  const requested: string[] = [];
  const server = createServer({
    SNICallback: (name, done) => {
      requested.push(name);
      done(new Error('no certificate'));
    },
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    requested,
    close() {
      server.close();
    },
  };
};
