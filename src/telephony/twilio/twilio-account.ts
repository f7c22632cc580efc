/**
 * Requests for the calls of one account, with Twilio's package. Only the fields that are used are read, and each is
 * validated.
 */
import type twilio from 'twilio';
import { isInstant } from '../../common/instant.js';
import { isCallSid } from './call-reference.js';
import { INVALID_CALL_STATE, readApiFailure } from './error-codes.js';
import { readLegStatus, type LegStatus } from './end-reason.js';
import type { RecordedLeg } from './fetched-status.js';
import type { Legs } from './hang-up.js';

const ANSWERED_BY = /^[a-z_]{1,40}$/;
const NO_SUCH_RESOURCE = 20404;
/** Calls per reply. A reply may have 256 KB; a call has little more than 1 KB. */
const PAGE = 100;

type SdkCall = Awaited<ReturnType<twilio.Twilio['calls']['create']>>;

export class TwilioAccount implements Legs {
  /** @param client creates a client per request, because its time-out starts when it is created */
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
    // Our order has one Number, so there is one child. A second one would be a bug, which must not stay unnoticed.
    const children = await this.client().calls.list({ parentCallSid: sid, limit: 2 });
    if (children.length > 1) throw new Error('a call has more than one leg B');
    return children[0] ? recordedLeg(children[0]) : null;
  }

  /**
   * Twilio filters by start time. A call that is not dialled yet has none, and for a ringing one this is not
   * documented. So both are requested by status as well.
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

/** Only with Twilio's own code: a 404 of a component in between says nothing about the call. */
const noSuchCall = (error: unknown): 'no such call' => {
  if (readApiFailure(error)?.code === NO_SUCH_RESOURCE) return 'no such call';
  throw error;
};

const statusOf = ({ status }: SdkCall): LegStatus => {
  const known = readLegStatus(status);
  if (known === undefined) throw new Error('Twilio sent an unknown call status');
  return known;
};

const recordedLeg = (call: SdkCall): RecordedLeg => {
  if (!isCallSid(call.sid)) throw new Error('Twilio sent a call without a sid');
  const updatedAt = timeOf(call.dateUpdated) ?? timeOf(call.dateCreated);
  if (!updatedAt) throw new Error('Twilio sent a call without a time');
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

/** The package's type is Date, but it returns unparsable values unchanged. */
const timeOf = (value: unknown): Date | null => (value instanceof Date && isInstant(value) ? value : null);

const secondsOf = (value: unknown): number | null =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null;

const answeredByOf = (value: unknown): string | null =>
  typeof value === 'string' && ANSWERED_BY.test(value) ? value : null;
