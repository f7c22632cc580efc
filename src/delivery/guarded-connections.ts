/**
 * Connections to where an administrator says, which must not lead into our own network. The check is made where the
 * connection is made, on the addresses that it then goes to: a name that has come to mean something else since its
 * endpoint was registered is caught like one that meant it from the start.
 */
import { isIP, type LookupFunction } from 'node:net';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { Agent, buildConnector } from 'undici';
import { CONFIG, type Config } from '../config/config.js';
import { addressFault } from './address-rules.js';
import { NameResolver } from './name-resolver.js';

/** Its message says what is wrong with which address. */
export class AddressRefused extends Error {}

@Injectable()
export class GuardedConnections implements BeforeApplicationShutdown {
  /** Makes a new connection for every request, so that every attempt is checked. */
  readonly agent: Agent;

  constructor(
    private readonly resolver: NameResolver,
    @Inject(CONFIG) private readonly config: Config,
  ) {
    this.agent = new Agent({
      pipelining: 0,
      connect: (options, callback) => {
        this.addressesOf(options.hostname, options.protocol).then(
          (addresses) => {
            buildConnector({ lookup: answering(addresses) })(options, callback);
          },
          (error: unknown) => {
            callback(error as Error, null);
          },
        );
      },
    });
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.agent.destroy();
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

/** For an address that is written out, Node asks no lookup and goes there: it is the one that was checked. */
const answering =
  (addresses: readonly string[]): LookupFunction =>
  (_host, { all }, callback) => {
    const answers = addresses.map((address) => ({ address, family: isIP(address) }));
    if (all) callback(null, answers);
    else callback(null, answers[0]?.address ?? '', answers[0]?.family);
  };
