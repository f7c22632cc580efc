/**
 * The contract of telephony-provider.ts, which every provider must fulfil. It is tested through the whole service, with a
 * program of ours in place of the provider's servers. docs/providers/write-a-provider.md shows how to test a provider.
 */
import type { Abilities, Bench, Manner } from './bench.js';
import { dialTests } from './dial.js';
import { huntTests } from './hunt.js';
import { incomingEventTests } from './incoming-events.js';
import { statusTests, hangUpTests } from './status-and-hang-up.js';
import { confirmTests, noWhisperTest, whisperTests } from './prompts.js';
import { refusalTests } from './refusals.js';
import { Stage } from './stage.js';
import { termTests } from './terms.js';
import { badNetworkTests, closedLineTests, closedProviderTest } from './bad-network.js';

/** @returns the stage that is built before the tests of this block and taken down after them */
const stageOf = (abilities: Abilities, start: Start, manner: Manner = 'as usual'): (() => Stage) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = new Stage(await start(manner), abilities.reports);
  });
  afterAll(() => stage.bench.close());
  return () => stage;
};

type Start = (manner: Manner) => Promise<Bench>;

export const conforms = (abilities: Abilities, start: Start): void => {
  describe('with its connection open', () => {
    const stage = stageOf(abilities, start);
    describe('dial', () => {
      dialTests(abilities, stage);
    });
    describe('the terms of a call', () => {
      termTests(abilities, stage);
    });
    describe('a refusal', () => {
      refusalTests(abilities, stage);
    });
    describe('a hunt', () => {
      huntTests(abilities, stage);
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
    if (!abilities.whispers) {
      describe('a whisper', () => {
        noWhisperTest(() => stage().provider.name);
      });
    }
    describe('over a bad network', () => {
      badNetworkTests(abilities, stage);
    });
  });
  describe('with CONFIRM_CALLER, a caller', () => {
    confirmTests(abilities, stageOf(abilities, start, 'asking the caller'));
  });
  if (abilities.whispers) {
    describe('a whisper', () => {
      whisperTests(abilities, stageOf(abilities, start, 'whispering'));
    });
  }
  describe('with the connection closed,', () => {
    closedLineTests(stageOf(abilities, start));
  });
  describe('a provider', () => {
    closedProviderTest(stageOf(abilities, start));
  });
};
