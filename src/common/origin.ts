/** Where a URL leads, as sockets want it. */

/** Without the brackets that a URL puts around an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'wss:': '443', 'http:': '80', 'ws:': '80' };

export const portOf = ({ protocol, port }: URL): string => port || (DEFAULT_PORTS[protocol] ?? '');
