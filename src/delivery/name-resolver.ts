import type { LookupAddress } from 'node:dns';
import { Injectable } from '@nestjs/common';
import { sharedLookup } from '../common/shared-lookup.js';

/** The system's resolver. A separate class, so that a test can replace it. */
@Injectable()
export class NameResolver {
  addressesOf(name: string): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      sharedLookup(name, { all: true }, (error, found) => {
        if (error) reject(error);
        else resolve((found as LookupAddress[]).map(({ address }) => address));
      });
    });
  }
}
