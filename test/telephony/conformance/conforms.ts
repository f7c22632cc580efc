/**
 * The contract of telephony-provider.ts, which every provider must fulfil. It is tested through the whole service, with a
 * program of ours in place of the provider's servers. docs/providers/write-a-provider.md shows how to test a provider.
 */
import type { Abilities, Bench } from './bench.js';
import { dialTests } from './dial.js';
import { incomingEventTests } from './incoming-events.js';
import { statusTests, hangUpTests } from './status-and-hang-up.js';
import { Stage } from './stage.js';
import { closedConnectionTests, badNetworkTests } from './bad-network.js';

export const conforms = (abilities: Abilities, start: () => Promise<Bench>): void => {
  let current: Stage;
  const stage = (): Stage => current;
  beforeAll(async () => {
    current = new Stage(await start(), abilities.reports);
  });
  afterAll(() => current.bench.close());

  describe('dial', () => {
    dialTests(abilities, stage);
  });
  describe('fetchStatus', () => {
    statusTests(abilities, stage);
  });
  describe('hangUp', () => {
    hangUpTests(abilities, stage);
  });
  describe('incoming events', () => {
    incomingEventTests(abilities, stage);
  });
  describe('over a bad network', () => {
    badNetworkTests(abilities, stage);
  });
  describe('with the connection closed,', () => {
    closedConnectionTests(stage);
  });
};
