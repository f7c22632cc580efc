/**
 * Decides which outgoing connections use a proxy: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as in curl, Go and Node.
 * Loopback never uses one.
 */
import ipaddr from 'ipaddr.js';
import { isWithin, unmapped } from './address-ranges.js';
import { hostOf, portOf } from './origin.js';

export interface ProxySettings {
  /** For https and wss. */
  readonly httpsProxy: URL | undefined;
  /** For http and ws. */
  readonly httpProxy: URL | undefined;
  readonly noProxy: string;
}

/** The proxy for an origin; null for a direct connection. */
export type ProxyFor = (origin: URL) => URL | null;

/** For connections within the machine, and for tests. */
export const NO_PROXIES: ProxyFor = () => null;

/** An entry of NO_PROXY: a name with its subdomains, an address, or a range; for one port or all. */
interface Exception {
  readonly host: string;
  readonly port: string;
}

const LOOPBACK = ['localhost', '127.0.0.0/8', '::1'].map((host) => ({ host, port: '' }));

export const proxyRules = ({ httpsProxy, httpProxy, noProxy }: ProxySettings): ProxyFor => {
  const exceptions = [...LOOPBACK, ...exceptionsIn(noProxy)];
  return (origin) => {
    const isSecure = origin.protocol === 'https:' || origin.protocol === 'wss:';
    const proxy = isSecure ? httpsProxy : httpProxy;
    const host = hostOf(origin);
    const port = portOf(origin);
    const isExcepted = exceptions.some((one) => (one.port === '' || one.port === port) && fits(one.host, host));
    return proxy && !isExcepted ? proxy : null;
  };
};

const exceptionsIn = (text: string): Exception[] =>
  text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry) => {
      const [, bracketed, port = ''] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? [];
      if (bracketed !== undefined) return { host: bracketed, port };
      const [, name = entry, namesPort = ''] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
      return { host: name.replace(/^\*?\.(?=.)/, ''), port: namesPort };
    });

const fits = (exception: string, host: string): boolean => {
  if (exception === '*' || exception === host) return true;
  if (!ipaddr.isValid(host)) return host.endsWith(`.${exception}`);
  return ipaddr.isValidCIDR(exception) && isWithin(unmapped(ipaddr.parse(host)), [ipaddr.parseCIDR(exception)]);
};
