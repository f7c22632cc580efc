/** Whether phones exchange sound, by Asterisk's RTP counters. */
import { writeFile } from 'node:fs/promises';
import type { Asterisk } from './asterisk.js';
import { waitFor } from '../support/wait-for.js';

/** Writes a tone as µ-law. */
export const writeTone = (file: string, seconds = 1): Promise<void> =>
  writeFile(file, Buffer.alloc(8_000 * seconds, Buffer.from([0x10, 0x90, 0x20, 0xa0])));

interface Packets {
  readonly channel: string;
  readonly received: number;
  readonly sent: number;
}

/** Of each phone in a call, from Asterisk's side. */
const packetsOf = async (asterisk: Pick<Asterisk, 'command'>): Promise<Packets[]> => {
  const statistics = await asterisk.command('pjsip show channelstats');
  // Columns: name, up time, codec; then for each direction: count, lost, percentage, jitter.
  const counts = statistics.matchAll(/(\S+)\s+\S+\s+ulaw\s+(\d+)\s+\d+\s+\d+\s+[\d.]+\s+(\d+)/g);
  return [...counts].map(([, channel = '', received, sent]) => ({
    channel,
    received: Number(received),
    sent: Number(sent),
  }));
};

/** To each phone in a call. */
export const packetsSent = async (asterisk: Pick<Asterisk, 'command'>): Promise<number[]> =>
  (await packetsOf(asterisk)).map(({ sent }) => sent);

/** Waits until this many phones both send and receive sound. A phone that was ended in mid-call leaves a channel without. */
export const soundBothWays = async (asterisk: Pick<Asterisk, 'command'>, phones: number): Promise<boolean> => {
  const before = await packetsOf(asterisk);
  return waitFor('the sound', async () => {
    const grown = (await packetsOf(asterisk)).filter(({ channel, received, sent }) => {
      const first = before.find((one) => one.channel === channel) ?? { received: 0, sent: 0 };
      return received - first.received > 20 && sent - first.sent > 20;
    });
    return grown.length === phones;
  });
};
