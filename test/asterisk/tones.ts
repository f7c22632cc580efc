/** A phone's sound without the sound: the tones that arrive and leave as events (RFC 4733). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** As in the phone's SDP. */
const TELEPHONE_EVENT = 101;
const HEADER_BYTES = 12;
const PACKET_MS = 20;
const PACKET_SAMPLES = 160;
const KEY_PACKETS = 5;
/** The end is sent three times, because any packet may be lost (RFC 4733, 2.5.1.4). */
const END_PACKETS = 3;
const DIGITS = '0123456789*#ABCD';

export interface Tones {
  readonly port: number;
  tones(): string;
  /** @param port where the other side receives sound */
  press(key: string, port: number): Promise<void>;
  end(): void;
}

export const receiveTones = async (): Promise<Tones> => {
  const socket = createSocket('udp4');
  /** By the RTP timestamp, which is the same in all packets of a tone. */
  const received = new Map<number, string>();
  socket.on('message', (packet) => {
    if (packet.length <= HEADER_BYTES || (packet.readUInt8(1) & 0x7f) !== TELEPHONE_EVENT) return;
    received.set(packet.readUInt32BE(4), DIGITS.charAt(packet.readUInt8(HEADER_BYTES)));
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    tones: () => [...received.values()].join(''),
    async press(key, port) {
      for (let sent = 0; sent < KEY_PACKETS + END_PACKETS; sent++) {
        socket.send(eventPacket(key, sent), port, '127.0.0.1');
        await sleep(PACKET_MS);
      }
    },
    end: () => {
      socket.close();
    },
  };
};

const eventPacket = (key: string, sent: number): Buffer => {
  const packet = Buffer.alloc(HEADER_BYTES + 4);
  const isFirst = sent === 0;
  const isEnd = sent >= KEY_PACKETS;
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8((isFirst ? 0x80 : 0) | TELEPHONE_EVENT, 1);
  packet.writeUInt16BE(sent + 1, 2);
  // The time of the key, which is the same in all its packets, and the source.
  packet.writeUInt32BE(8_000, 4);
  packet.writeUInt32BE(4_733, 8);
  packet.writeUInt8(DIGITS.indexOf(key), HEADER_BYTES);
  packet.writeUInt8((isEnd ? 0x80 : 0) | 10, HEADER_BYTES + 1);
  packet.writeUInt16BE(PACKET_SAMPLES * Math.min(sent + 1, KEY_PACKETS), HEADER_BYTES + 2);
  return packet;
};
