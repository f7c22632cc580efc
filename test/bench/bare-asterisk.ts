/**
 * The baseline of the Asterisk bench: the smallest script that places calls through our dialplan and receives their events.
 * It keeps no record and has no users.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { newCallSid } from '../../src/call/record/call-sid.js';
import { AriClient } from '../../src/telephony/asterisk/ari-client.js';
import type { Asterisk } from '../asterisk/asterisk.js';

interface UserEventMessage {
  readonly userevent?: { readonly eventname: string; readonly call: string };
}

export interface BareAsterisk {
  /** Resolves when the call is over. @returns the milliseconds until leg B answered */
  call(legA: string, legB: string): Promise<number>;
  close(): Promise<void>;
}

export const openBareAsterisk = async ({ environment }: Pick<Asterisk, 'environment'>): Promise<BareAsterisk> => {
  const credentials = { url: environment.ASTERISK_URL ?? '', password: environment.ASTERISK_PASSWORD ?? '' };
  const ari = new AriClient({ ...credentials, username: 'ringback' });
  const socket = new WebSocket(ari.eventsUrl('bare'), { headers: { authorization: ari.authorization } });
  await once(socket, 'open');
  await ari.send('PUT', '/applications/bare/eventFilter', { body: { allowed: [{ type: 'ChannelUserevent' }] } });
  const listeners = new Map<string, (eventname: string) => void>();
  socket.on('message', (data: Buffer) => {
    const { userevent } = JSON.parse(data.toString()) as UserEventMessage;
    if (userevent) listeners.get(userevent.call)?.(userevent.eventname);
  });
  return {
    async call(legA, legB) {
      const callSid = newCallSid(new Date());
      const start = performance.now();
      let answeredAfterMs = NaN;
      const ended = new Promise<void>((resolve) => {
        listeners.set(callSid, (eventname) => {
          if (eventname === 'RingbackAnswered') answeredAfterMs = performance.now() - start;
          if (eventname === 'RingbackEnded') resolve();
        });
      });
      const place = new URLSearchParams({ endpoint: legA, context: 'ringback', extension: 's', priority: '1' });
      const variables = {
        __RINGBACK_CALL: callSid,
        RINGBACK_DIAL: legB,
        RINGBACK_RING: '60',
        RINGBACK_TALK: '60000',
        'CHANNEL(hangup_handler_push)': 'ringback-ended,s,1',
      };
      const path = `/channels/${callSid}-a?${place.toString()}`;
      const { status, message } = await ari.send('POST', path, { body: { variables } });
      if (status !== 200) throw new Error(`Asterisk answered with ${status} ${message}`);
      await ended;
      listeners.delete(callSid);
      return answeredAfterMs;
    },
    async close() {
      socket.terminate();
      await ari.close();
    },
  };
};
