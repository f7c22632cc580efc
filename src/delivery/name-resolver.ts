import { lookup } from 'node:dns/promises';
import { Injectable } from '@nestjs/common';

/** The system's own resolver. A class of its own so that a test can have names lead wherever it likes. */
@Injectable()
export class NameResolver {
  async addressesOf(name: string): Promise<readonly string[]> {
    return (await lookup(name, { all: true })).map(({ address }) => address);
  }
}
