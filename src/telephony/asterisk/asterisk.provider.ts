import { randomBytes } from 'node:crypto';
import type { Logger } from '../../common/logger.js';
import { NotReached } from '../provider-connections.js';
import {
  CannotBeAsked,
  type CallMilestone,
  type CallStatus,
  type DialOutcome,
  type DialRequest,
  type HangUpOutcome,
  type ProviderCall,
  type ProviderListener,
  type Refusal,
  type TelephonyProvider,
} from '../telephony-provider.js';
import { AriClient, type AriCredentials, type AriReply } from './ari-client.js';
import {
  asteriskEvent,
  callSidOfLegA,
  eventsOfStory,
  isCallSid,
  legAOf,
  readStory,
  readTime,
  recordingOf,
} from './call-story.js';
import { dialStringFor, keepingLocalChannels, type DialRule } from './dial-string.js';
import { EventSocket, type AriEvent, type SocketListener } from './event-socket.js';

export interface AsteriskOptions extends AriCredentials {
  readonly dialRules: readonly DialRule[];
  /** Seconds that each leg's phone may ring. */
  readonly ringCallerSeconds: number;
  readonly ringCalleeSeconds: number;
  readonly longestTalkSeconds: number;
  /** What each phone shows, with {caller} and {callee} for the two numbers. */
  readonly shownToCaller: string;
  readonly shownToCallee: string;
  readonly record: boolean;
}

type Reply = Readonly<Record<string, string>>;

/** Of all that Asterisk tells, most of it about variables. */
const EVENTS = ['ChannelUserevent', 'Dial'].map((type) => ({ type }));
const ORDER_LIMIT_MS = 5_000;
const HEALTH_LIMIT_MS = 2_000;

/**
 * An Asterisk of one's own. It holds the call: leg A is originated into our dialplan (deploy/asterisk/ringback.conf), which
 * dials leg B and joins the two; we only order and listen, and any replica can do either for any call.
 */
export class AsteriskProvider implements TelephonyProvider {
  readonly name = 'asterisk';
  private readonly ari: AriClient;
  private readonly dialRules: readonly DialRule[];
  private readonly application = `ringback-${randomBytes(6).toString('hex')}`;
  private readonly awaited = new Map<string, (reply: Reply) => void>();
  private socket: EventSocket | undefined;
  private orders = 0;

  constructor(
    private readonly options: AsteriskOptions,
    private readonly logger: Logger,
  ) {
    this.ari = new AriClient(options);
    this.dialRules = options.dialRules.map(({ prefix, dialString }) => ({
      prefix,
      dialString: keepingLocalChannels(dialString),
    }));
    const changed = this.dialRules.filter(
      ({ dialString }, place) => dialString !== options.dialRules[place]?.dialString,
    );
    if (changed.length > 0) logger.info({ dialled: changed }, 'option n is added to Local channels of ASTERISK_DIAL');
  }

  async dial({ callSid, callerPhone, calleePhone }: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    const { options } = this;
    const [legA, legB] = [callerPhone, calleePhone].map((number) => dialStringFor(this.dialRules, number));
    if (!legA || !legB) return refused('bad_number', 'NO-RULE', 'no rule of ASTERISK_DIAL fits one of the numbers');
    const shown = (text: string) => text.replaceAll('{caller}', callerPhone).replaceAll('{callee}', calleePhone);
    const place = new URLSearchParams({
      endpoint: legA,
      context: 'ringback',
      extension: 's',
      priority: '1',
      timeout: String(options.ringCallerSeconds),
      callerId: shown(options.shownToCaller),
    });
    const variables = {
      // Two underscores: leg B's channel has it too.
      __RINGBACK_CALL: callSid,
      __RINGBACK_RECORD: options.record ? `${callSid}.wav` : '',
      RINGBACK_DIAL: legB,
      RINGBACK_RING: String(options.ringCalleeSeconds),
      RINGBACK_TALK: String(options.longestTalkSeconds * 1000),
      RINGBACK_SHOWN: shown(options.shownToCallee),
      // Where leg A's phone forwards, Asterisk would drop leg A and ring a channel without any of these: it finds nothing here.
      FORWARD_CONTEXT: 'ringback-forwards-nothing',
      'CHANNEL(hangup_handler_push)': 'ringback-ended,s,1',
      'CHANNEL(accountcode)': callSid,
      ...(legA.startsWith('PJSIP/') && { 'PJSIP_HEADER(add,X-Ringback-Call)': callSid }),
    };
    try {
      const path = `/channels/${legAOf(callSid)}?${place.toString()}`;
      return await this.outcomeOf(callSid, await this.ari.send('POST', path, { body: { variables }, signal }));
    } catch (error) {
      if (error instanceof NotReached) return refused('provider_down', 'UNREACHED', error.message);
      throw error;
    }
  }

  async hangUp({ callSid }: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    if (before) return this.hangUpBefore(callSid, before);
    const { status, message } = await this.ari.send('DELETE', `/channels/${legAOf(callSid)}`);
    if (status === 204) return { kind: 'taken' };
    if (status === 404 && message !== '') return { kind: 'gone' };
    throw new Error(`Asterisk answered a hang-up with ${status} ${message}`);
  }

  async fetchStatus({ callSid }: ProviderCall): Promise<CallStatus> {
    const { known, story = '' } = await this.order('status', callSid);
    if (known !== 'live' && story === '') return { kind: 'unknown' };
    return { kind: 'known', events: eventsOfStory(callSid, readStory(story)) };
  }

  async checkReachable(): Promise<void> {
    const signal = AbortSignal.timeout(HEALTH_LIMIT_MS);
    const { status, message } = await this.ari.send('GET', '/asterisk/ping', { signal });
    if (status !== 200) throw new Error(`Asterisk answered a ping with ${status} ${message}`);
  }

  async listen(listener: ProviderListener): Promise<void> {
    const filter = `/applications/${this.application}/eventFilter`;
    const events: SocketListener = {
      prepare: async () => {
        const { status, message } = await this.ari.send('PUT', filter, { body: { allowed: EVENTS } });
        if (status !== 200) throw new Error(`Asterisk answered a subscription with ${status} ${message}`);
      },
      onOpen: () => {
        this.logger.info('Asterisk is listened to');
        listener.onListening();
      },
      onEvent: (event) => {
        this.hear(event, listener);
      },
      onLost: (error) => {
        this.logger.warn({ error }, 'Asterisk is not heard; trying to listen again');
      },
    };
    const url = this.ari.eventsUrl(this.application);
    this.socket = new EventSocket(url, this.ari.authorization, events, (to) => this.ari.tunnelTo(to));
    await this.socket.open();
  }

  async close(): Promise<void> {
    this.socket?.close();
    await this.ari.close();
  }

  private hear(
    { type, timestamp, dialstatus = '', caller, userevent: told = {} }: AriEvent,
    to: ProviderListener,
  ): void {
    if (type === 'Dial') {
      const callSid = callSidOfLegA(caller?.id);
      // A phone that answers with early media, and not with ringing, is heard all the same.
      const rings = dialstatus === 'RINGING' || dialstatus === 'PROGRESS';
      if (callSid && rings) to.onEvent(asteriskEvent(callSid, 'ringing', readTime(timestamp) ?? new Date()));
      return;
    }
    const { eventname, call = '', at = '', story = '', recording } = told;
    if (eventname === 'RingbackReply') this.awaited.get(told.order ?? '')?.(told);
    if (!isCallSid(call)) return;
    // That it has happened counts for more than when: where the time cannot be read, it is that of the message.
    const happened = readTime(at) ?? new Date();
    if (eventname === 'RingbackCallerAnswered') to.onEvent(asteriskEvent(call, 'caller_answered', happened));
    if (eventname === 'RingbackAnswered') to.onEvent(asteriskEvent(call, 'answered', happened, recordingOf(recording)));
    // With all that led there: what was lost on the way is made good, and what was not is known to be the same.
    if (eventname === 'RingbackEnded') {
      for (const event of eventsOfStory(call, readStory(story))) to.onEvent(event);
    }
  }

  /** 409 has been seen for a channel that could not be made, too: whether it is there decides. */
  private async outcomeOf(callSid: string, { status, message }: AriReply): Promise<DialOutcome> {
    const accepted: DialOutcome = { kind: 'accepted', providerCallId: legAOf(callSid) };
    if (status === 200) return accepted;
    if (status === 409 && (await this.ari.send('GET', `/channels/${legAOf(callSid)}`)).status === 200) return accepted;
    // No such endpoint, or no phone registered at it.
    if (status === 500 || status === 409 || status === 400) return refused('bad_number', `ARI-${status}`, message);
    // 401: our own credentials are wrong. 404, 503: it is booting.
    return refused('provider_down', `ARI-${status}`, message);
  }

  private async hangUpBefore(callSid: string, before: CallMilestone): Promise<HangUpOutcome> {
    const { verdict } = await this.order('hang-up', callSid, { RINGBACK_BEFORE: before });
    if (verdict !== 'taken' && verdict !== 'gone' && verdict !== 'passed')
      throw new Error('the dialplan gave no verdict');
    return { kind: verdict };
  }

  /** The dialplan carries it out, in one step, on a channel of its own, and replies by the event socket. */
  private async order(extension: 'status' | 'hang-up', callSid: string, more: Reply = {}): Promise<Reply> {
    if (!this.socket?.isOpen)
      throw new CannotBeAsked('Asterisk is not listened to at the moment, and would not be heard to reply');
    const name = `${this.application}-${++this.orders}`;
    const limit = AbortSignal.timeout(ORDER_LIMIT_MS);
    const replied = new Promise<Reply>((resolve, reject) => {
      this.awaited.set(name, resolve);
      limit.addEventListener('abort', () => {
        reject(new Error('the dialplan has not replied in time'));
      });
    });
    replied.catch(() => undefined);
    try {
      const place = new URLSearchParams({
        endpoint: `Local/${extension}@ringback-orders`,
        context: 'ringback-orders',
        extension,
        priority: '1',
      });
      const variables = { RINGBACK_CALL: callSid, RINGBACK_ORDER: name, ...more };
      const path = `/channels/${name}?${place.toString()}`;
      const { status, message } = await this.ari.send('POST', path, { body: { variables }, signal: limit });
      if (status !== 200) throw new Error(`Asterisk answered an order with ${status} ${message}`);
      return await replied;
    } finally {
      this.awaited.delete(name);
    }
  }
}

const refused = (category: Refusal['category'], code: string, text: string): DialOutcome => ({
  kind: 'refused',
  category,
  code,
  text,
});
