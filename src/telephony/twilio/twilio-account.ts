/** The calls of one account, asked for with the package: what of its many fields we read, and checked before we believe it. */
import type twilio from 'twilio';
import { isInstant } from '../../common/instant.js';
import { isCallSid } from './call-reference.js';
import { INVALID_CALL_STATE, readApiFailure } from './error-codes.js';
import { readLegStatus, type LegStatus } from './end-reason.js';
import type { RecordedLeg } from './fetched-status.js';
import type { Legs } from './hang-up.js';

const ANSWERED_BY = /^[a-z_]{1,40}$/;
const NO_SUCH_RESOURCE = 20404;
/** Calls of one reply, which may have 256 KB; each is little more than 1 KB. */
const PAGE = 100;

type SdkCall = Awaited<ReturnType<twilio.Twilio['calls']['create']>>;

export class TwilioAccount implements Legs {
  /** @param client a new one for each request, for its time-out begins when it is made */
  constructor(private readonly client: () => twilio.Twilio) {}

  async end(sid: string, as: 'canceled' | 'completed'): Promise<LegStatus | 'invalid state' | 'no such call'> {
    try {
      return statusOf(await this.client().calls(sid).update({ status: as }));
    } catch (error) {
      if (readApiFailure(error)?.code === INVALID_CALL_STATE) return 'invalid state';
      return noSuchCall(error);
    }
  }

  async statusOf(sid: string): Promise<LegStatus | 'no such call'> {
    const leg = await this.legOf(sid);
    return leg === 'no such call' ? leg : leg.status;
  }

  async childOf(sid: string): Promise<RecordedLeg | null> {
    // Our order has one Number, so there is one; a second would be a mistake that nobody should run into quietly.
    const children = await this.client().calls.list({ parentCallSid: sid, limit: 2 });
    if (children.length > 1) throw new Error('a call has more than one leg B');
    return children[0] ? recordedLeg(children[0]) : null;
  }

  /**
   * Twilio filters by a start, and a call that is not dialled yet has none; whether one that rings has is not said. So those are
   * asked for besides.
   */
  async callsTo(to: string, from: string, startedAfter: Date): Promise<RecordedLeg[]> {
    const found = await Promise.all(
      [{ startTimeAfter: startedAfter }, { status: 'queued' as const }, { status: 'ringing' as const }].map((filter) =>
        this.client().calls.list({ to, from, ...filter, pageSize: PAGE, limit: 5 * PAGE }),
      ),
    );
    return found.flat().map(recordedLeg);
  }

  async legOf(sid: string): Promise<RecordedLeg | 'no such call'> {
    try {
      return recordedLeg(await this.client().calls(sid).fetch());
    } catch (error) {
      return noSuchCall(error);
    }
  }
}

/** Only in Twilio's own words: a 404 of something on the way says nothing of the call. */
const noSuchCall = (error: unknown): 'no such call' => {
  if (readApiFailure(error)?.code === NO_SUCH_RESOURCE) return 'no such call';
  throw error;
};

const statusOf = ({ status }: SdkCall): LegStatus => {
  const known = readLegStatus(status);
  if (known === undefined) throw new Error('Twilio tells a status that we do not know');
  return known;
};

const recordedLeg = (call: SdkCall): RecordedLeg => {
  if (!isCallSid(call.sid)) throw new Error('Twilio tells of a call without its sid');
  const updatedAt = timeOf(call.dateUpdated) ?? timeOf(call.dateCreated);
  if (!updatedAt) throw new Error('Twilio tells of a call without a time');
  return {
    sid: call.sid,
    isLegB: isCallSid(call.parentCallSid),
    status: statusOf(call),
    createdAt: timeOf(call.dateCreated) ?? updatedAt,
    updatedAt,
    startedAt: timeOf(call.startTime),
    endedAt: timeOf(call.endTime),
    seconds: secondsOf(call.duration),
    answeredBy: answeredByOf(call.answeredBy),
  };
};

/** The package says Date, and hands on as it is what it cannot read. */
const timeOf = (value: unknown): Date | null => (value instanceof Date && isInstant(value) ? value : null);

const secondsOf = (value: unknown): number | null =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null;

const answeredByOf = (value: unknown): string | null =>
  typeof value === 'string' && ANSWERED_BY.test(value) ? value : null;
