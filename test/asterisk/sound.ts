/** Whether phones hear anything, as Asterisk counts it. */
import { writeFile } from 'node:fs/promises';
import type { Asterisk } from './asterisk.js';
import { waitFor } from '../support/wait-for.js';

/** A second of something that is not silence, as µ-law. */
export const writeTone = (file: string): Promise<void> =>
  writeFile(file, Buffer.alloc(8_000, Buffer.from([0x10, 0x90, 0x20, 0xa0])));

/** That so many phones are both sending and being sent to. */
export const soundBothWays = (asterisk: Pick<Asterisk, 'command'>, phones: number): Promise<boolean> =>
  waitFor('the sound', async () => {
    const statistics = await asterisk.command('pjsip show channelstats');
    // Name, up time, codec, and of each direction: count, lost, percentage, jitter.
    const counts = [...statistics.matchAll(/ulaw\s+(\d+)\s+\d+\s+\d+\s+[\d.]+\s+(\d+)/g)];
    return counts.length === phones && counts.every(([, received, sent]) => Number(received) > 20 && Number(sent) > 20);
  });
