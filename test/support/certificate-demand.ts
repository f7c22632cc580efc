/** A TLS server that has no certificate and remembers for which names it was asked for one. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';

export interface CertificateDemand {
  readonly port: number;
  readonly asked: readonly string[];
  close(): void;
}

export const startCertificateDemand = async (): Promise<CertificateDemand> => {
  const asked: string[] = [];
  const server = createServer({
    SNICallback: (name, done) => {
      asked.push(name);
      done(new Error('no certificate'));
    },
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close() {
      server.close();
    },
  };
};
