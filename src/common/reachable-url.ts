import type { AddressInfo, Server } from 'node:net';

/** Wildcard addresses, and the loopback address that reaches them. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The URL of a listener, as reachable from this machine. */
export const reachableUrl = (address: string, port: number): string => {
  const host = LOOPBACK[address] ?? address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};

/** @throws Error if the server does not listen */
export const urlOf = (server: Server): string => {
  const listening = server.address() as AddressInfo | null;
  if (!listening) throw new Error('the service does not listen yet');
  return reachableUrl(listening.address, listening.port);
};
