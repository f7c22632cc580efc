/**
 * Keeps the calls that were not placed. A refused request only leaves a note in memory: it neither waits for the database nor
 * costs it a statement. The notes are written each second, equal ones as one row, and at shutdown. A crash loses the notes of
 * at most a second, and so does a failure of the database.
 */
import { Inject, Injectable, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { logContext } from '../../common/log-context.js';
import { LOGGER, type Logger } from '../../common/logger.js';
import { maskPhone, maskPhonesIn } from '../../common/phone-number.js';
import type { Parties } from '../../directory/directory.service.js';
import type { Check } from '../../protection/placing-rules.js';
import { storeRefusals, type RefusalToStore } from '../record/call-refusals.js';
import { isIdOfPhone } from '../record/party-id.js';
import { CallerInACall, type NotPlaced } from './not-placed.js';

const WRITE_EVERY_MS = 1_000;
const MINUTE_MS = 60_000;
/** Of one batch. */
const MAX_ROWS = 500;
/**
 * Of one caller in a minute. Further refusals share a row without a callee. Otherwise a single token that asks for ever new
 * callees would fill the disk.
 */
const MAX_CALLEES = 20;
/** A provider may send a long text. */
const REASON_LENGTH = 500;

export interface RefusedCall {
  /** Of a user or a phone; likewise the callee. */
  readonly callerId: string;
  readonly calleeId: string | null;
  readonly serviceLineId: string | null;
  readonly parties: Pick<Parties, 'callerPhone' | 'calleePhone'>;
  /** The subject of a backend; null for an app. */
  readonly askedBy: string | null;
  /** What the rules saw and said. */
  readonly checks: readonly Check[];
}

type Row = { -readonly [Name in keyof RefusalToStore]: RefusalToStore[Name] };

@Injectable()
export class RefusalJournal implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private rows = new Map<string, Row>();
  /** By caller, in the present minute. */
  private readonly callees = new Map<string, Set<string>>();
  /** Refused calls that are not kept, since the last line about them. */
  private missing = 0;
  private error: unknown;
  private timers: NodeJS.Timeout[] = [];
  private writing: Promise<void> | undefined;

  constructor(
    private readonly database: DataSource,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    const write = () => {
      this.writing ??= this.write().finally(() => {
        this.writing = undefined;
      });
    };
    this.timers = [setInterval(write, WRITE_EVERY_MS), setInterval(() => this.endMinute(), MINUTE_MS)];
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.timers.forEach(clearInterval);
    await this.writing;
    await this.write();
    this.endMinute();
  }

  /** The record of the call that a caller is in says enough, and a request with its Idempotency-Key gets that call. */
  note(refusal: NotPlaced, call: RefusedCall): void {
    if (refusal instanceof CallerInACall) return;
    const { callerId, askedBy } = call;
    const callees = this.callees.get(callerId) ?? new Set();
    const named = JSON.stringify([call.calleeId, call.serviceLineId, call.parties.calleePhone]);
    const callee = callees.has(named) || callees.size < MAX_CALLEES ? named : '';
    const key = JSON.stringify([callerId, callee, refusal.fault, askedBy]);
    const row = this.rows.get(key);
    if (row) row.count += 1;
    else if (this.rows.size < MAX_ROWS) {
      this.rows.set(key, rowOf(refusal, callee === '' ? withoutCallee(call) : call));
      this.callees.set(callerId, callees.add(callee));
    } else this.missing += 1;
  }

  private async write(): Promise<void> {
    if (this.rows.size === 0) return;
    const rows = [...this.rows.values()];
    this.rows = new Map();
    try {
      await storeRefusals(this.database, rows);
    } catch (error) {
      // Not tried again: the statement may have been carried out, or fail for ever.
      this.error = error;
      for (const { count } of rows) this.missing += count;
    }
  }

  private endMinute(): void {
    this.callees.clear();
    if (this.missing === 0) return;
    const { missing, error } = this;
    this.logger.warn({ missing, ...(error !== undefined && { error }) }, 'refused calls are missing from their list');
    this.missing = 0;
    this.error = undefined;
  }
}

const withoutCallee = (call: RefusedCall): RefusedCall => ({
  ...call,
  calleeId: null,
  serviceLineId: null,
  parties: { ...call.parties, calleePhone: null },
});

const rowOf = ({ fault, reason }: NotPlaced, call: RefusedCall): Row => ({
  callerId: userIdOf(call.callerId),
  callerPhone: masked(call.parties.callerPhone),
  calleeId: userIdOf(call.calleeId),
  serviceLineId: call.serviceLineId,
  calleePhone: masked(call.parties.calleePhone),
  fault,
  reason: reason === null ? null : keptReason(reason),
  askedBy: call.askedBy,
  requestId: logContext().requestId ?? null,
  checks: call.checks,
  count: 1,
});

const userIdOf = (id: string | null): string | null => (id === null || isIdOfPhone(id) ? null : id);

const masked = (phone: string | null): string | null => (phone === null ? null : maskPhone(phone));

/** PostgreSQL cannot store NUL and half characters, and one of them would lose the whole batch. */
const UNSTORABLE = /[\p{Cc}\p{Surrogate}]/gu;

const keptReason = (reason: string): string => maskPhonesIn(reason).slice(0, REASON_LENGTH).replace(UNSTORABLE, ' ');
