/**
 * Requests for the calls of one account, with Twilio's package. Only the fields that are used are read, and each is
 * validated.
 */
import type twilio from 'twilio';
import { isInstant } from '../../common/instant.js';
import { isCallSid } from './call-reference.js';
import type { Dialect } from './dialect.js';
import { readApiFailure } from './error-codes.js';
import { isFinal, readLegStatus, type LegStatus } from './end-reason.js';
import type { RecordedLeg } from './fetched-status.js';
import type { Legs } from './hang-up.js';

const ANSWERED_BY = /^[a-z_]{1,40}$/;
/** Calls per reply. A reply may have 256 KB; a call has little more than 1 KB. */
const PAGE = 100;

type SdkCall = Awaited<ReturnType<twilio.Twilio['calls']['create']>>;

export class TwilioAccount implements Legs {
  /** @param ask makes a client for one request, with a time limit */
  constructor(
    private readonly ask: <T>(request: (client: twilio.Twilio) => Promise<T>) => Promise<T>,
    private readonly dialect: Dialect,
  ) {}

  async end(sid: string, as: 'canceled' | 'completed'): Promise<LegStatus | 'invalid state' | 'no such call'> {
    try {
      return this.statusIn(await this.ask((client) => client.calls(sid).update({ status: as })));
    } catch (error) {
      const failure = readApiFailure(error);
      if (failure && this.dialect.invalidCallState.includes(failure.code)) return 'invalid state';
      return this.noSuchCall(error);
    }
  }

  async statusOf(sid: string): Promise<LegStatus | 'no such call'> {
    const leg = await this.legOf(sid);
    return leg === 'no such call' ? leg : leg.status;
  }

  async childOf(sid: string): Promise<RecordedLeg | null> {
    return (await this.childrenOf(sid)).at(-1) ?? null;
  }

  /** In the order in which they were dialled. Our order has one Number, so there is one child for each number of a hunt. */
  async childrenOf(sid: string): Promise<RecordedLeg[]> {
    const children = await this.ask((client) => client.calls.list({ parentCallSid: sid, pageSize: PAGE, limit: PAGE }));
    const legs = children.map((child) => this.recordedLeg(child)).reverse();
    // Lists begin with the latest. Times are whole seconds, and one leg at most is not over.
    const order = (leg: RecordedLeg) => [leg.createdAt.getTime(), Number(!isFinal(leg.status))] as const;
    return legs.sort((one, other) => {
      const [[createdAt, isOpen], [otherAt, otherIsOpen]] = [order(one), order(other)];
      return createdAt - otherAt || isOpen - otherIsOpen;
    });
  }

  /** @param from any of these numbers */
  async callsTo(to: string, from: readonly string[], startedAfter: Date): Promise<RecordedLeg[]> {
    // A list has a filter for one number only.
    const numbers = { to, ...(from.length === 1 && { from: from[0] }) };
    const found = await Promise.all(
      this.dialect
        .searches(startedAfter)
        .map((filter) => ({ ...numbers, ...filter, pageSize: PAGE, limit: 5 * PAGE }))
        .map((search) => this.ask((client) => client.calls.list(search))),
    );
    const calls = found.flat().filter((call) => from.length === 1 || from.includes(call.from));
    return calls.map((call) => this.recordedLeg(call));
  }

  async legOf(sid: string): Promise<RecordedLeg | 'no such call'> {
    try {
      return this.recordedLeg(await this.ask((client) => client.calls(sid).fetch()));
    } catch (error) {
      return this.noSuchCall(error);
    }
  }

  /** Only with the company's own code: a 404 of a component in between says nothing about the call. */
  private noSuchCall(error: unknown): 'no such call' {
    if (readApiFailure(error)?.code === this.dialect.noSuchCall) return 'no such call';
    throw error;
  }

  private statusIn({ status }: SdkCall): LegStatus {
    const known = readLegStatus(status);
    if (known === undefined) throw new Error(`${this.dialect.company} sent an unknown call status`);
    return known;
  }

  private recordedLeg(call: SdkCall): RecordedLeg {
    const { company } = this.dialect;
    if (!isCallSid(this.dialect, call.sid)) throw new Error(`${company} sent a call without a sid`);
    const updatedAt = timeOf(call.dateUpdated) ?? timeOf(call.dateCreated);
    if (!updatedAt) throw new Error(`${company} sent a call without a time`);
    return {
      sid: call.sid,
      isLegB: isCallSid(this.dialect, call.parentCallSid),
      status: this.statusIn(call),
      createdAt: timeOf(call.dateCreated) ?? updatedAt,
      updatedAt,
      startedAt: timeOf(call.startTime),
      endedAt: timeOf(call.endTime),
      seconds: secondsOf(call.duration),
      answeredBy: answeredByOf(call.answeredBy),
    };
  }
}

/** The package's type is Date, but it returns unparsable values unchanged. */
const timeOf = (value: unknown): Date | null => (value instanceof Date && isInstant(value) ? value : null);

/** Twilio sends a string, SignalWire a number. */
const secondsOf = (value: unknown): number | null => (/^\d{1,9}$/.test(String(value)) ? Number(value) : null);

const answeredByOf = (value: unknown): string | null =>
  typeof value === 'string' && ANSWERED_BY.test(value) ? value : null;
