/** Where no address in particular is listened on, the machine's own. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/** The URL by which this machine reaches what listens there. */
export const reachableUrl = (address: string, port: number): string => {
  const host = LOOPBACK[address] ?? address;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
};
