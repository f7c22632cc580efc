import type { AddressInfo, Server } from 'node:net';

/** Where no address in particular is listened on, the machine's own. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The URL by which this machine reaches what listens there. */
export const reachableUrl = (address: string, port: number): string => {
  const host = LOOPBACK[address] ?? address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

/** @throws Error before it listens */
export const urlOf = (server: Server): string => {
  const listening = server.address() as AddressInfo | null;
  if (!listening) throw new Error('the service does not listen yet');
  return reachableUrl(listening.address, listening.port);
};
