import { randomBytes } from 'node:crypto';
import type { Logger } from '../../common/logger.js';
import { NotReached } from '../provider-connections.js';
import {
  StatusUnavailable,
  type CallMilestone,
  type CallStatus,
  type DialOutcome,
  type DialRequest,
  type HangUpOutcome,
  type ProviderCall,
  type ProviderListener,
  type TelephonyProvider,
} from '../telephony-provider.js';
import { AriClient, type AriCredentials, type AriReply } from './ari-client.js';
import {
  asteriskEvent,
  callSidOfLegA,
  eventsOfStory,
  isCallSid,
  legAOf,
  legEndedEvent,
  placeOf,
  readStory,
  readTime,
  recordingOf,
} from './call-story.js';
import { dialStringFor, isPhoneOfNumber, keepingLocalChannels, ruleFor, type DialRule } from './dial-string.js';
import { EventSocket, type AriEvent, type SocketListener } from './event-socket.js';
import { FirstSign } from './first-signs.js';
import { legAOrder, type CallTerms } from './leg-a-order.js';
import { OWN_REFUSALS, refusalByAri, refusalOfLegA, type RefusalRow } from './refusals.js';
import { withinLimit } from '../../common/time-limit.js';

export interface AsteriskOptions extends AriCredentials, CallTerms {
  /** Default: `asterisk`. */
  readonly name?: string;
  readonly dialRules: readonly DialRule[];
  readonly dialTimeoutSeconds: number;
}

type Order = 'status' | 'hang-up';
type Reply = Readonly<Record<string, string>>;

/** The event types that are needed. Most of Asterisk's other events are about variables. */
const EVENTS = ['ChannelUserevent', 'Dial'].map((type) => ({ type }));
const ORDER_LIMIT_MS = 5_000;
const HEALTH_LIMIT_MS = 2_000;
/**
 * A failed trunk replies within a few round trips; a phone that is reached takes seconds to ring. At most half of the
 * dial's time limit, so that this wait never looks like a provider that does not reply.
 */
const FIRST_SIGN_MS = 1_000;

/** For a number of a hunt without a rule. Asterisk finds no such extension, so the number cannot be reached. */
const DIALS_NOBODY = 'Local/nobody@ringback-forwards-nothing/n';

/**
 * A self-hosted Asterisk. It holds the call: leg A is originated into our dialplan (deploy/asterisk/ringback.conf),
 * which dials leg B and connects the two. Ringback only sends orders and receives events, and any replica can do both
 * for any call.
 */
export class AsteriskProvider implements TelephonyProvider {
  readonly name: string;
  readonly limitsTalk = true;
  readonly hunts = true;
  /** It has no accounts: all calls are the PBX's own. */
  readonly defaultAccount = { externalId: 'default', secret: '' };
  private readonly ari: AriClient;
  private readonly dialRules: readonly DialRule[];
  private readonly application = `ringback-${randomBytes(6).toString('hex')}`;
  /** Dials that wait for the first sign of leg A, by callSid. */
  private readonly dials = new Map<string, FirstSign>();
  private readonly awaited = new Map<string, (reply: Reply) => void>();
  private socket: EventSocket | undefined;
  private orders = 0;

  constructor(
    private readonly options: AsteriskOptions,
    private readonly logger: Logger,
  ) {
    this.name = options.name ?? 'asterisk';
    this.ari = new AriClient(options);
    this.dialRules = options.dialRules.map(({ prefix, dialString }) => ({
      prefix,
      dialString: keepingLocalChannels(dialString),
    }));
    const changed = this.dialRules.filter(
      ({ dialString }, place) => dialString !== options.dialRules[place]?.dialString,
    );
    if (changed.length > 0)
      logger.info({ provider: this.name, dialled: changed }, 'option n is added to Local channels of ASTERISK_DIAL');
  }

  dialsExtension(): boolean {
    return true;
  }

  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    signal.throwIfAborted();
    const { callSid, callerPhone, calleePhone, hunt = [{ phone: calleePhone }] } = request;
    const ruleA = ruleFor(this.dialRules, callerPhone);
    const rulesB = hunt.map(({ phone }) => ruleFor(this.dialRules, phone));
    if (!ruleA || rulesB.every((rule) => rule === null)) return refused(OWN_REFUSALS.noRule, OWN_REFUSALS.noRule.means);
    const legB = hunt.map(({ phone }, index) => {
      const rule = rulesB[index];
      return rule ? dialStringFor(rule, phone) : DIALS_NOBODY;
    });
    const legs = { legA: dialStringFor(ruleA, callerPhone), legB };
    const { path, variables } = legAOrder(request, legs, this.options, this.application);
    const until = performance.now() + Math.min(FIRST_SIGN_MS, this.options.dialTimeoutSeconds * 500);
    const sign = new FirstSign();
    this.dials.set(callSid, sign);
    try {
      const reply = await this.ari.send('POST', path, { body: { variables }, signal });
      const outcome = await this.outcomeOf(callSid, reply, isPhoneOfNumber(ruleA));
      if (outcome.kind === 'refused' || !this.socket?.isOpen) return outcome;
      const refusal = await sign.within(until - performance.now());
      return refusal ? { kind: 'refused', ...refusal } : outcome;
    } catch (error) {
      // The reply was lost, but an event reported the refusal of leg A.
      if (sign.refusal) return { kind: 'refused', ...sign.refusal };
      if (error instanceof NotReached) return refused(OWN_REFUSALS.unreached, error.message);
      throw error;
    } finally {
      this.dials.delete(callSid);
    }
  }

  async hangUp({ callSid }: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    if (before) return this.hangUpBefore(callSid, before);
    const { status, message } = await this.ari.send('DELETE', `/channels/${legAOf(callSid)}`);
    if (status === 204) {
      if (this.options.whisper !== undefined) await this.endWhisper(callSid);
      return { kind: 'taken' };
    }
    if (status === 404 && message !== '') return { kind: 'gone' };
    throw new Error(`Asterisk answered a hang-up with ${status} ${message}`);
  }

  async fetchStatus({ callSid }: ProviderCall): Promise<CallStatus> {
    const { known, story = '' } = await this.order('status', callSid);
    if (known !== 'live' && story === '') return { kind: 'unknown' };
    return { kind: 'known', events: eventsOfStory(callSid, readStory(story)) };
  }

  async checkReachable(): Promise<void> {
    const ping = (signal: AbortSignal) => this.ari.send('GET', '/asterisk/ping', { signal });
    const { status, message } = await withinLimit(HEALTH_LIMIT_MS, ping);
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
        this.logger.info({ provider: this.name }, 'the event socket of Asterisk is open');
        listener.onListening();
      },
      onEvent: (event) => {
        this.hear(event, listener);
      },
      onLost: (error) => {
        this.logger.warn({ provider: this.name, error }, 'the event socket of Asterisk is lost; reconnecting');
      },
    };
    const url = this.ari.eventsUrl(this.application);
    this.socket = new EventSocket(url, this.ari.authorization, events, (to) => this.ari.tunnelTo(to));
    await this.socket.open();
  }

  isListening(): boolean {
    return this.socket?.isOpen ?? false;
  }

  async close(): Promise<void> {
    this.socket?.close();
    await this.ari.close();
  }

  private hear(event: AriEvent, to: ProviderListener): void {
    if (event.type === 'Dial') this.hearDial(event, to);
    else this.hearStory(event.userevent ?? {}, to);
  }

  private hearDial({ timestamp, dialstatus = '', caller, peer }: AriEvent, to: ProviderListener): void {
    // A phone that starts with early media instead of ringing counts as ringing too.
    if (dialstatus !== 'RINGING' && dialstatus !== 'PROGRESS') return;
    const callSid = callSidOfLegA(caller?.id);
    if (callSid) to.onEvent(asteriskEvent(callSid, 'ringing', readTime(timestamp) ?? new Date()));
    else this.dials.get(callSidOfLegA(peer?.id) ?? '')?.tell(null);
  }

  private hearStory(told: Reply, to: ProviderListener): void {
    const { eventname, call = '', at = '', story = '', recording } = told;
    if (eventname === 'RingbackReply') this.awaited.get(told.order ?? '')?.(told);
    if (!isCallSid(call)) return;
    if (eventname === 'RingbackRefused') this.hearRefusal(told, to);
    else this.dials.get(call)?.tell(null);
    // The event itself matters more than its time. If the time cannot be read, the time of receipt is used.
    const happened = readTime(at) ?? new Date();
    if (eventname === 'RingbackCallerAnswered') to.onEvent(asteriskEvent(call, 'caller_answered', happened));
    if (eventname === 'RingbackAnswered')
      to.onEvent(asteriskEvent(call, 'answered', happened, { ...recordingOf(recording), ...placeOf(told.place) }));
    if (eventname === 'RingbackLegEnded') tellLegEnded(call, told, to);
    if (eventname === 'RingbackEnded') tellStory(call, story, to);
  }

  /**
   * Leg A ended before its phone rang. Only the replica that dialled handles this: while it waits for the first sign,
   * another provider may be tried, and then the call is not over. If that replica has crashed, the sweeper fetches the
   * status.
   */
  private hearRefusal({ dialer, call = '', story = '' }: Reply, to: ProviderListener): void {
    if (dialer !== this.application) return;
    const sign = this.dials.get(call);
    const refusal = sign ? refusalOfLegA(readStory(story)) : null;
    sign?.tell(refusal);
    if (!refusal) tellStory(call, story, to, 'only_here');
  }

  /** 409 also occurs for a channel that could not be made. So the channel itself is checked. */
  private async outcomeOf(callSid: string, reply: AriReply, isPhone: boolean): Promise<DialOutcome> {
    const accepted: DialOutcome = { kind: 'accepted', providerCallId: legAOf(callSid) };
    const { status, message } = reply;
    if (status === 200) return accepted;
    if (status === 409 && (await this.ari.send('GET', `/channels/${legAOf(callSid)}`)).status === 200) return accepted;
    const refusal = refusalByAri(status, message, isPhone);
    if (!refusal) throw new Error(`the order for leg A was answered with ${status} ${message}`);
    return { kind: 'refused', ...refusal };
  }

  private async hangUpBefore(callSid: string, before: CallMilestone): Promise<HangUpOutcome> {
    const { verdict } = await this.order('hang-up', callSid, { RINGBACK_BEFORE: before });
    if (verdict !== 'taken' && verdict !== 'gone' && verdict !== 'passed')
      throw new Error('the dialplan gave no verdict');
    return { kind: verdict };
  }

  /**
   * Leg A hangs up only after the whisper to leg B, so leg B must be ended too. An older dialplan has no such order, and
   * answers with another status: then both are held until the whisper's end.
   */
  private async endWhisper(callSid: string): Promise<void> {
    const variables = { RINGBACK_CALL: callSid };
    try {
      await this.ari.send('POST', this.orderPath('end-whisper'), { body: { variables } });
    } catch (error) {
      // Leg A has taken the hang-up already.
      this.logger.info({ provider: this.name, callSid, error }, 'a whisper could not be ended');
    }
  }

  /** @returns the path of a new channel that executes the order in the dialplan */
  private orderPath(extension: string, name = this.nextOrder()): string {
    const place = new URLSearchParams({
      endpoint: `Local/${extension}@ringback-orders`,
      context: 'ringback-orders',
      extension,
      priority: '1',
    });
    return `/channels/${name}?${place.toString()}`;
  }

  private nextOrder(): string {
    return `${this.application}-${++this.orders}`;
  }

  /** The dialplan executes the order in one step, on a channel of its own, and replies through the event socket. */
  private async order(extension: Order, callSid: string, more: Reply = {}): Promise<Reply> {
    if (!this.socket?.isOpen)
      throw new StatusUnavailable('the event socket of Asterisk is not open, so its reply would be lost');
    return withinLimit(ORDER_LIMIT_MS, (limit) => this.orderWithin(limit, extension, callSid, more));
  }

  private async orderWithin(limit: AbortSignal, extension: Order, callSid: string, more: Reply): Promise<Reply> {
    const name = this.nextOrder();
    const replied = new Promise<Reply>((resolve, reject) => {
      this.awaited.set(name, resolve);
      limit.addEventListener('abort', () => {
        reject(new Error('the dialplan has not replied in time'));
      });
    });
    replied.catch(() => undefined);
    try {
      const variables = { RINGBACK_CALL: callSid, RINGBACK_ORDER: name, ...more };
      const { status, message } = await this.ari.send('POST', this.orderPath(extension, name), {
        body: { variables },
        signal: limit,
      });
      if (status !== 200) throw new Error(`Asterisk answered an order with ${status} ${message}`);
      return await replied;
    } finally {
      this.awaited.delete(name);
    }
  }
}

const tellLegEnded = (callSid: string, { place, tried }: Reply, to: ProviderListener): void => {
  const event = legEndedEvent(callSid, place, tried);
  if (event) to.onEvent(event);
};

/** Reports all events that led to the end. Lost ones are recovered; known ones are repeats. */
const tellStory = (callSid: string, story: string, to: ProviderListener, onlyHere?: 'only_here'): void => {
  for (const event of eventsOfStory(callSid, readStory(story))) to.onEvent(event, onlyHere);
};

const refused = ({ category, code }: RefusalRow, text: string): DialOutcome => ({
  kind: 'refused',
  category,
  code,
  text,
});
