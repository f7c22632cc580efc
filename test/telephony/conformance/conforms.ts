/**
 * The contract of telephony-provider.ts, which every provider must fulfil. It is tested through the whole service, with a
 * program of ours in place of the provider's servers. docs/providers/write-a-provider.md shows how to test a provider.
 */
import type { Abilities, Bench } from './bench.js';
import { placesCalls } from './calls.js';
import { keepsADoor } from './door.js';
import { answersWhenAsked, hangsUp } from './orders.js';
import { Stage } from './stage.js';
import { isOutOfReach, standsTrouble } from './trouble.js';

export const conforms = (abilities: Abilities, start: () => Promise<Bench>): void => {
  let stage: Stage;
  const on = (): Stage => stage;
  beforeAll(async () => {
    stage = new Stage(await start(), abilities.tells);
  });
  afterAll(() => stage.bench.close());

  describe('dial', () => {
    placesCalls(abilities, on);
  });
  describe('fetchStatus', () => {
    answersWhenAsked(abilities, on);
  });
  describe('hangUp', () => {
    hangsUp(abilities, on);
  });
  describe('incoming events', () => {
    keepsADoor(abilities, on);
  });
  describe('over a bad network', () => {
    standsTrouble(abilities, on);
  });
  describe('with the connection closed,', () => {
    isOutOfReach(on);
  });
};
