/**
 * The order of the test files: jest's own, in which the longest come first, but with those apart that start a browser or an Asterisk
 * with phones. Each of these keeps a processor busy by itself. Side by side they took it from whatever ran beside them.
 */
import { readFileSync } from 'node:fs';
import TestSequencer from '@jest/test-sequencer';

const HEAVY = /\b(?:describeInBrowser|describeOnAsterisk)\(/;

/** The last files of a run are short ones, so that no worker is left alone with a long one. */
const PART_WITH_HEAVY_FILES = 0.85;

export default class SpreadingSequencer extends TestSequencer {
  async sort(tests) {
    const all = await super.sort(tests);
    const isHeavy = ({ path }) => HEAVY.test(readFileSync(path, 'utf8'));
    const heavy = all.filter(isHeavy);
    const spread = all.filter((test) => !heavy.includes(test));
    const step = (all.length * PART_WITH_HEAVY_FILES) / heavy.length;
    for (const [index, test] of heavy.entries()) spread.splice(Math.floor(index * step), 0, test);
    return spread;
  }
}
