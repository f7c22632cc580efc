/** The receiving end of a phone's sound, which keeps the tones that arrive as events (RFC 4733). */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

/** As in the phone's SDP. */
const TELEPHONE_EVENT = 101;
const HEADER_BYTES = 12;
const DIGITS = '0123456789*#ABCD';

export interface Tones {
  readonly port: number;
  tones(): string;
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
    end: () => {
      socket.close();
    },
  };
};
