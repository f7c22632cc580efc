import type { LookupAddress } from 'node:dns';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { sharedLookup } from '../common/shared-lookup.js';

const lookup = promisify(sharedLookup);

/** The system's resolver. A separate class, so that a test can replace it. */
@Injectable()
export class NameResolver {
  async addressesOf(name: string): Promise<readonly string[]> {
    const found = (await lookup(name, { all: true })) as LookupAddress[];
    return found.map(({ address }) => address);
  }
}
