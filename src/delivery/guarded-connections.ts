/**
 * Connections to where an administrator says, which must not lead into our own network. The check is made where the
 * connection is made, on the addresses that it then goes to: a name that has come to mean something else since its
 * endpoint was registered is caught like one that meant it from the start. A proxy is asked for one of these very addresses.
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

/** Of several addresses each has this long. */
const TUNNEL_LIMIT_MS = 5_000;

/** Its message says what is wrong with which address. */
export class AddressRefused extends Error {}

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
   * How a request to the URL connects: anew, so that every attempt is checked.
   * @throws as addressesOf, or where the proxy does not connect
   */
  async to(url: URL): Promise<Pick<RequestOptions, 'agent' | 'lookup' | 'createConnection'>> {
    const addresses = await this.addressesOf(hostOf(url), url.protocol);
    // Plain http only goes to ranges that the operator allows, which is our own network.
    const proxy = url.protocol === 'https:' ? this.proxyFor(url) : null;
    if (!proxy) return { agent: false, lookup: answering(addresses) };
    const tunnel = secured(await tunnelToOneOf(addresses, portOf(url), proxy), hostOf(url));
    return { createConnection: () => tunnel };
  }

  /**
   * Where a connection may go; plain http only to where the operator allows.
   * @throws AddressRefused where a single one of the addresses is not allowed
   * @throws whatever the resolver does, where it knows none
   */
  async addressesOf(host: string, protocol: string): Promise<readonly string[]> {
    const addresses = isIP(host) ? [host] : await this.resolver.addressesOf(host);
    if (addresses.length === 0) throw new Error(`${host} has no address`);
    for (const address of addresses) {
      const fault = addressFault(address, this.config.webhookAllowedRanges, { onlyAllowed: protocol === 'http:' });
      if (fault) throw new AddressRefused(fault);
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

/** For an address that is written out, Node asks no lookup and goes there: it is the one that was checked. */
const answering =
  (addresses: readonly string[]): LookupFunction =>
  (_host, { all }, callback) => {
    const answers = addresses.map((address) => ({ address, family: isIP(address) }));
    if (all) callback(null, answers);
    else callback(null, answers[0]?.address ?? '', answers[0]?.family);
  };
