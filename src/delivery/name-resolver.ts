import { lookup } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';

/** The system's resolver. A separate class, so that a test can replace it. */
@Injectable()
export class NameResolver {
  async addressesOf(name: string): Promise<readonly string[]> {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  }
}
