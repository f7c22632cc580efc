import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CallPlacement, type Callee } from '../call/placement/call-placement.js';
import { NotPlaced, type PlacingFault } from '../call/placement/not-placed.js';
import { tracePlacing } from '../call/placement/trace-placing.js';
import { findEarlierRequest, type KeyedRequest } from '../call/record/idempotent-requests.js';
import { KeyTaken } from '../call/record/open-call.js';
import { idOfPhone } from '../call/record/party-id.js';
import { PlacedCallsService, type PlacedCall } from '../call/search/placed-calls.service.js';
import { AppError } from '../common/error-table.js';
import { normalisePhone, readPhone, type DialledPhone } from '../common/phone-number.js';
import type { Quota } from '../common/rate-limit-headers.js';
import { CONFIG, type Config } from '../config/config.js';
import { NOT_DIALABLE, NOT_DIALABLE_PHONE } from '../directory/dialable-phone.js';
import { DirectoryService, type FoundParties, type Parties } from '../directory/directory.service.js';
import { ProviderRegistry } from '../telephony/provider-registry.js';
import { bodyProblem, placingProblem, requestInProgress } from './call-problems.js';
import { hashOfBody } from './idempotency-key.js';
import type { NewCall } from './new-call.dto.js';
import { refuseTerms, termsOf } from './order-terms.js';

export interface Placed {
  readonly call: PlacedCall;
  /** The call was placed by an earlier request with the same key. */
  readonly isReplay: boolean;
  /** What the caller may still place; empty if this request has placed no call. */
  readonly quotas: readonly Quota[];
}

/** Calls between any two, as an app's backend orders them. */
@Injectable()
export class BackendCalls {
  constructor(
    private readonly database: DataSource,
    private readonly directory: DirectoryService,
    private readonly placement: CallPlacement,
    private readonly placed: PlacedCallsService,
    private readonly providers: ProviderRegistry,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /**
   * @param subject of the token
   * @param key without one, a repeated request is a request for another call
   */
  async place(subject: string, body: NewCall, key: string | null): Promise<Placed> {
    const request = key === null ? null : { principal: subject, key, bodyHash: hashOfBody(body) };
    const earlier = request && (await this.callUnder(request));
    if (earlier !== null) return { call: await this.find(earlier, subject), isReplay: true, quotas: [] };
    refuseTerms(body, this.config, this.providers);
    const shown = {
      toCaller: this.storedPhone('/shown/toCaller', body.shown?.toCaller),
      toCallee: this.storedPhone('/shown/toCallee', body.shown?.toCallee),
    };
    try {
      const { callSid, quotas } = await tracePlacing(async () => {
        const { callerId, callee, parties } = await this.endsOf(body);
        return this.placement.place(callerId, parties, callee, termsOf(body, shown, subject, request));
      });
      return { call: await this.find(callSid, subject), isReplay: false, quotas };
    } catch (error) {
      return this.concluded(error, subject, request);
    }
  }

  private async find(callSid: string, subject: string): Promise<PlacedCall> {
    return (await this.placed.find(callSid, subject)).call;
  }

  /** The call that an earlier request has placed; null where there is none. @throws AppError where it is another request */
  private async callUnder(request: KeyedRequest): Promise<string | null> {
    const earlier = await findEarlierRequest(this.database, request, this.config.dialTimeoutSeconds);
    if (!earlier) return null;
    if (!earlier.isSameBody) throw new AppError('IDEMPOTENCY_KEY_REUSED');
    if (earlier.isRunning) throw requestInProgress();
    return earlier.callSid;
  }

  /** A request with the same key may have been quicker: its call is this one's too, and stands in no way. */
  private async concluded(error: unknown, subject: string, request: KeyedRequest | null): Promise<Placed> {
    const isKeyTaken = error instanceof KeyTaken;
    if (request && (isKeyTaken || (error instanceof NotPlaced && BY_ANOTHER_CALL.includes(error.fault)))) {
      const callSid = await this.callUnder(request);
      if (callSid !== null) return { call: await this.find(callSid, subject), isReplay: true, quotas: [] };
    }
    // The other request has been refused meanwhile.
    if (isKeyTaken) throw requestInProgress();
    throw error instanceof NotPlaced ? placingProblem(error, subject) : error;
  }

  private async endsOf(body: NewCall): Promise<Ends> {
    const { caller, callee } = body;
    const callerAt = this.phoneOf('/caller/phone', caller.phone);
    const calleeAt = this.phoneOf('/callee/phone', callee.phone);
    const [callerPhone, calleePhone] = [callerAt?.number ?? null, calleeAt?.number ?? null];
    const found = await this.directory.findNamedParties({
      caller: caller.userId ?? null,
      callee: callee.userId ?? null,
      serviceLineId: callee.serviceLine ?? null,
      calleePhone,
      callerPhone,
    });
    refuseUnknown(body, found);
    const { parties } = found;
    const calleeId = found.calleeId ?? idOfPhone(calleePhone ?? '');
    return {
      callerId: found.callerId ?? idOfPhone(callerPhone ?? ''),
      callee: { calleeId: callee.serviceLine === undefined ? calleeId : null, serviceLineId: parties.serviceLineId },
      parties: {
        ...parties,
        callerPhone: callerPhone ?? parties.callerPhone,
        calleePhone: calleePhone ?? parties.calleePhone,
        callerExtension: callerAt?.extension ?? parties.callerExtension,
        calleeExtension: calleeAt?.extension ?? parties.calleeExtension,
      },
    };
  }

  private phoneOf(where: string, phone: string | undefined): DialledPhone | null {
    if (phone === undefined) return null;
    const read = readPhone(phone, this.config.phoneRegion);
    if (read === null) throw bodyProblem('BAD_REQUEST', where, NOT_DIALABLE_PHONE);
    return read;
  }

  private storedPhone(where: string, phone: string | undefined): string | null {
    if (phone === undefined) return null;
    const stored = normalisePhone(phone, this.config.phoneRegion);
    if (stored === null) throw bodyProblem('BAD_REQUEST', where, NOT_DIALABLE);
    return stored;
  }
}

/** The call that stands in the way may be the one that an earlier request with the same key has placed. */
const BY_ANOTHER_CALL: readonly PlacingFault[] = [
  'caller_in_a_call',
  'caller_calls_too_often',
  'caller_calls_too_many_numbers',
  'callee_called_too_often',
  'callee_in_a_call',
  'service_line_busy',
];

interface Ends {
  readonly callerId: string;
  readonly callee: Callee;
  readonly parties: Parties;
}

const refuseUnknown = ({ caller, callee }: NewCall, found: FoundParties): void => {
  if (caller.userId !== undefined) {
    if (found.callerId === null) throw bodyProblem('UNKNOWN_USER', '/caller/userId', 'is no user of the directory');
    if (found.callerBlocked) throw bodyProblem('USER_BLOCKED', '/caller/userId', 'is blocked');
  }
  if (callee.userId !== undefined && found.calleeId === null) {
    throw bodyProblem('UNKNOWN_USER', '/callee/userId', 'is no user of the directory');
  }
  if (callee.serviceLine !== undefined) {
    if (found.lineOpen === null) throw bodyProblem('UNKNOWN_SERVICE_LINE', '/callee/serviceLine', 'is no service line');
    if (!found.lineOpen) throw bodyProblem('SERVICE_LINE_CLOSED', '/callee/serviceLine', 'is closed');
  }
};
