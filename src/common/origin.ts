/** Host and port of a URL, for sockets. */

/** Without the brackets around an IPv6 address. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'https:': '443', 'wss:': '443', 'http:': '80', 'ws:': '80' };

export const portOf = ({ protocol, port }: URL): string => port || (DEFAULT_PORTS[protocol] ?? '');
