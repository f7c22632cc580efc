import { Injectable } from '@nestjs/common';
import { AppError } from '../common/error-table.js';
import { hostOf } from '../common/origin.js';
import { urlFault } from './endpoint-url.js';
import { AddressRefused, GuardedConnections } from './guarded-connections.js';

/**
 * Checks an endpoint's URL when it is registered, so that the error is reported immediately and not by failing
 * deliveries.
 */
@Injectable()
export class EndpointUrlCheck {
  constructor(private readonly connections: GuardedConnections) {}

  /**
   * @returns the normalized URL (WHATWG): host in lower case, no default port, no dot segments
   * @throws AppError BAD_REQUEST that names the fault of the URL or of its addresses
   */
  async normalized(text: string): Promise<string> {
    const what = urlFault(text) ?? (await this.leadsAstray(new URL(text)));
    if (what) throw new AppError('BAD_REQUEST', { faults: [{ where: '/url', what }] });
    return new URL(text).href;
  }

  private async leadsAstray(url: URL): Promise<string | null> {
    const host = hostOf(url);
    try {
      await this.connections.addressesOf(host, url.protocol);
      return null;
    } catch (error) {
      if (!(error instanceof AddressRefused)) {
        const { code = 'no address' } = error as NodeJS.ErrnoException;
        return `must lead somewhere: the name ${host} cannot be resolved (${code})`;
      }
      const advice = error.isForHttps ? 'use https, or have' : 'have';
      return `must not lead there: ${error.message}; ${advice} the operator allow its range (WEBHOOK_ALLOWED_RANGES)`;
    }
  }
}
