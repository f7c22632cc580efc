/**
 * What every provider must do, whoever it is: the contract of telephony-provider.ts, judged through the whole service on a
 * provider whose other side is a program that we run. docs/providers/write-a-provider.md shows how to put one to the test.
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

  describe('placed', () => {
    placesCalls(abilities, on);
  });
  describe('asked', () => {
    answersWhenAsked(abilities, on);
  });
  describe('told to hang up', () => {
    hangsUp(abilities, on);
  });
  describe('told of', () => {
    keepsADoor(abilities, on);
  });
  describe('over a bad network', () => {
    standsTrouble(abilities, on);
  });
  describe('out of reach', () => {
    isOutOfReach(on);
  });
};
