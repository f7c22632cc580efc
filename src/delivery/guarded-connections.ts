/**
 * Connections to URLs that an administrator has entered, which must not lead into our own network. The check runs when
 * the connection is made, on the addresses that it then uses. So a name that resolves to another address since its
 * endpoint was registered is checked as well. A proxy is asked to connect to one of the checked addresses.
 */
import type { RequestOptions } from 'node:https';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { hostOf, portOf } from '../common/origin.js';
import { proxyRules, type ProxyFor } from '../common/proxy-rules.js';
import { openTunnel, secured } from '../common/tunnel.js';
import { CONFIG, type Config } from '../config/config.js';
import { addressFault } from './address-rules.js';
import { NameResolver } from './name-resolver.js';

/** Per address, if there are several. */
const TUNNEL_LIMIT_MS = 5_000;

/** The message names the address and its fault. */
export class AddressRefused extends Error {
  constructor(
    fault: string,
    /** Whether https may go there. */
    readonly isForHttps: boolean,
  ) {
    super(fault);
  }
}

@Injectable()
export class GuardedConnections {
  private readonly proxyFor: ProxyFor;

  constructor(
    private readonly resolver: NameResolver,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.proxyFor = proxyRules(config);
  }

  /**
   * The connection options for one request. Each attempt makes a new connection, so that each is checked.
   * @throws as addressesOf, or if the proxy does not connect
   */
  async to(url: URL): Promise<Pick<RequestOptions, 'agent' | 'lookup' | 'createConnection'>> {
    const addresses = await this.addressesOf(hostOf(url), url.protocol);
    // Plain http is allowed only to the operator's ranges, which are our own network.
    const proxy = url.protocol === 'https:' ? this.proxyFor(url) : null;
    if (!proxy) return { agent: false, lookup: answering(addresses) };
    const tunnel = secured(await tunnelToOneOf(addresses, portOf(url), proxy), hostOf(url));
    return { createConnection: () => tunnel };
  }

  /**
   * The addresses of a host, all checked. Plain http is allowed only to the operator's ranges.
   * @throws AddressRefused if any address is not allowed
   * @throws the resolver's error
   */
  async addressesOf(host: string, protocol: string): Promise<readonly string[]> {
    const addresses = isIP(host) ? [host] : await this.resolver.addressesOf(host);
    if (addresses.length === 0) throw new Error(`${host} has no address`);
    for (const address of addresses) {
      const { webhookAllowedRanges: allowed } = this.config;
      const fault = addressFault(address, allowed, { onlyAllowed: protocol === 'http:' });
      if (fault) throw new AddressRefused(fault, addressFault(address, allowed, { onlyAllowed: false }) === null);
    }
    return addresses;
  }
}

/** @throws the error of the last address */
const tunnelToOneOf = async (addresses: readonly string[], port: string, proxy: URL): Promise<Socket> => {
  let reason: unknown;
  for (const host of addresses) {
    try {
      return await openTunnel(proxy, { host, port }, TUNNEL_LIMIT_MS);
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
};

/** If the URL has an IP address, Node does no lookup and connects to it; that address was checked. */
const answering =
  (addresses: readonly string[]): LookupFunction =>
  (_host, { all }, callback) => {
    const answers = addresses.map((address) => ({ address, family: isIP(address) }));
    if (all) callback(null, answers);
    else callback(null, answers[0]?.address ?? '', answers[0]?.family);
  };
