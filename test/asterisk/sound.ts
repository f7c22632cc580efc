/** Whether phones exchange sound, by Asterisk's RTP counters. */
import { writeFile } from 'node:fs/promises';
import type { Asterisk } from './asterisk.js';
import { waitFor } from '../support/wait-for.js';

/** Writes one second of a tone as µ-law. */
export const writeTone = (file: string): Promise<void> =>
  writeFile(file, Buffer.alloc(8_000, Buffer.from([0x10, 0x90, 0x20, 0xa0])));

/** Waits until this many phones both send and receive sound. */
export const soundBothWays = (asterisk: Pick<Asterisk, 'command'>, phones: number): Promise<boolean> =>
  waitFor('the sound', async () => {
    const statistics = await asterisk.command('pjsip show channelstats');
    // Columns: name, up time, codec; then for each direction: count, lost, percentage, jitter.
    const counts = [...statistics.matchAll(/ulaw\s+(\d+)\s+\d+\s+\d+\s+[\d.]+\s+(\d+)/g)];
    return counts.length === phones && counts.every(([, received, sent]) => Number(received) > 20 && Number(sent) > 20);
  });
