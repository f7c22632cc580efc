import type { Logger } from '../common/logger.js';
import { RecentItems } from '../common/recent-items.js';
import { withinLimit } from '../common/time-limit.js';
import { inSpan, SpanKind } from '../common/tracing.js';
import { refusalError } from './logged-refusal.js';
import {
  dialFacts,
  errorText,
  orderFacts,
  replyFacts,
  type ProviderOperation,
  type ProviderRequest,
} from './provider-request.js';
import { kindOf } from './provider-kind.js';
import { NOT_SENT_CODE, RequestNotSent, ProviderCircuit } from './provider-circuit.js';
import { countNotSent, noteEvent, showCircuit, timed } from './provider-metrics.js';
import type {
  CallMilestone,
  CallStatus,
  DialOutcome,
  DialRequest,
  HangUpOutcome,
  ProviderCall,
  Refusal,
  TelephonyProvider,
} from './telephony-provider.js';

/** Longer than a provider's own limits, shorter than the sweeper's interval between two attempts. */
export const ORDER_LIMIT_MS = 10_000;

/**
 * The default for providers without their own value, such as a local PBX: 5,000 calls within 10 s. A shared cloud
 * provider should set less.
 */
export const ASKS_PER_SECOND = 500;

/** Some minutes of a busy provider, and one or two megabytes. */
const REQUESTS_KEPT = 2_000;

/** A provider's limits, for all replicas together; null means no limit. */
export interface ProviderLimits {
  readonly callsPerSecond: number | null;
  readonly callsAtOnce: number | null;
}

export interface Terms {
  readonly limits: ProviderLimits;
  /** Whether a user without a sub-account there gets one at the first call, if the provider supports it. */
  readonly makesSubAccounts: boolean;
  /** Whether a user without a sub-account calls under the provider's default account. */
  readonly sharesAccount: boolean;
  /** Its share of the calls among the providers of its kind. */
  readonly weight?: number;
}

/** As the log names them. Each has a circuit: failing requests of one kind must not stop those of another. */
const OPERATIONS: Readonly<Record<ProviderOperation, string>> = {
  dial: 'dials',
  hang_up: 'hang-ups',
  fetch_status: 'status requests',
  create_sub_account: 'sub-accounts',
};

export const NO_TERMS: Terms = {
  limits: { callsPerSecond: null, callsAtOnce: null },
  makesSubAccounts: false,
  sharesAccount: false,
};

/**
 * Protects Ringback from a failing provider: after repeated failures, requests are refused immediately with the result
 * that they would have had. Dials, hang-ups and status requests have a circuit each. So hang-ups are sent while dials
 * or status requests get no reply, and failing status requests do not stop dials.
 * Webhooks bypass the circuits, because the provider sends them once it works again. So does isReachable, which only
 * reports whether the provider is degraded.
 */
export class ResilientProvider implements Omit<TelephonyProvider, 'checkReachable'> {
  readonly name: string;
  /** Sub-accounts and prices are for this name. */
  readonly kind: string;
  readonly weight: number;
  readonly limits: ProviderLimits;
  readonly asksPerSecond: number;
  readonly limitsTalk?: true;
  readonly hunts?: true;
  readonly readWebhook?: TelephonyProvider['readWebhook'];
  readonly listen?: TelephonyProvider['listen'];
  readonly createSubAccount?: TelephonyProvider['createSubAccount'];
  readonly defaultAccount?: TelephonyProvider['defaultAccount'];
  /** The default account, if users without a sub-account may call under it. */
  readonly sharedAccount?: TelephonyProvider['defaultAccount'];
  /** A caller has at most one hang-up in flight (caller-cancels.ts), so no user can fill its queue. */
  private readonly circuits: Readonly<Record<ProviderOperation, ProviderCircuit>>;
  /** The latest requests about calls. */
  private readonly requests = new RecentItems<ProviderRequest>(REQUESTS_KEPT);
  private isDegraded = false;

  constructor(
    readonly provider: TelephonyProvider,
    private readonly logger: Logger,
    { limits, makesSubAccounts, sharesAccount, weight = 1 }: Terms = NO_TERMS,
  ) {
    this.limits = limits;
    this.name = provider.name;
    this.kind = kindOf(provider.name);
    this.weight = weight;
    this.asksPerSecond = provider.asksPerSecond ?? ASKS_PER_SECOND;
    if (provider.limitsTalk) this.limitsTalk = true;
    if (provider.hunts) this.hunts = true;
    if (provider.defaultAccount) {
      this.defaultAccount = provider.defaultAccount;
      if (sharesAccount) this.sharedAccount = provider.defaultAccount;
    }
    if (provider.readWebhook) this.readWebhook = provider.readWebhook.bind(provider);
    if (provider.listen) this.listen = provider.listen.bind(provider);
    const createSubAccount = makesSubAccounts ? provider.createSubAccount?.bind(provider) : undefined;
    this.circuits = {
      dial: this.newCircuit('dial'),
      hang_up: this.newCircuit('hang_up'),
      fetch_status: this.newCircuit('fetch_status'),
      create_sub_account: this.newCircuit('create_sub_account'),
    };
    noteEvent(this.name);
    if (createSubAccount) {
      this.createSubAccount = (name) =>
        this.send(
          'create_sub_account',
          () => 'created',
          () => orderWithinLimit(() => createSubAccount(name)),
        );
    }
  }

  /** Whether dials are refused without a request, except for occasional trials. */
  get isCircuitOpen(): boolean {
    return this.circuits.dial.state !== 'closed';
  }

  dialsExtension(calleePhone: string): boolean {
    return this.provider.dialsExtension?.(calleePhone) ?? false;
  }

  isListening(): boolean {
    return this.provider.isListening?.() ?? true;
  }

  /** While the circuit is open, the dial is certainly refused and no phone rings. */
  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    try {
      return await this.noted('dial', request.callSid, dialFacts(request), () =>
        this.send('dial', outcomeOf, () => untilAborted(this.provider.dial(request, signal), signal), signal),
      );
    } catch (error) {
      if (!(error instanceof RequestNotSent)) throw error;
      return { kind: 'refused', category: error.category, code: NOT_SENT_CODE, text: error.message };
    }
  }

  hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    return this.noted('hang_up', call.callSid, orderFacts(call, before), () =>
      this.send('hang_up', outcomeOf, () => orderWithinLimit(() => this.provider.hangUp(call, before))),
    );
  }

  fetchStatus(call: ProviderCall): Promise<CallStatus> {
    return this.noted('fetch_status', call.callSid, orderFacts(call), () =>
      this.send('fetch_status', outcomeOf, () => orderWithinLimit(() => this.provider.fetchStatus(call))),
    );
  }

  /** Of this process only, and only the latest of all calls. Oldest first. */
  recentRequests(callSid: string): ProviderRequest[] {
    return this.requests.of(callSid);
  }

  /** Logs every change, with its cause. */
  async isReachable(): Promise<boolean> {
    const cause = await this.provider.checkReachable().then(
      () => null,
      (error: unknown) => error ?? new Error('no reason given'),
    );
    const { name: provider, logger } = this;
    if (cause !== null && !this.isDegraded) logger.warn({ provider, error: cause }, 'provider unreachable');
    if (cause === null && this.isDegraded) logger.info({ provider }, 'provider reachable again');
    this.isDegraded = cause !== null;
    return cause === null;
  }

  async close(): Promise<void> {
    await this.provider.close?.();
  }

  private newCircuit(operation: ProviderOperation): ProviderCircuit {
    showCircuit(this.name, operation, false);
    return new ProviderCircuit((state, lastFailure) => {
      showCircuit(this.name, operation, state !== 'closed');
      const line = { provider: this.name, requests: OPERATIONS[operation], state };
      if (state === 'open') this.logger.warn({ ...line, error: failureOf(lastFailure) }, 'circuit opened');
      else this.logger.info(line, 'circuit');
    });
  }

  private async noted<Reply extends DialOutcome | HangUpOutcome | CallStatus>(
    operation: ProviderOperation,
    callSid: string,
    request: ProviderRequest['request'],
    send: () => Promise<Reply>,
  ): Promise<Reply> {
    const start = performance.now();
    const { name: provider } = this;
    const noted: ProviderRequest = {
      provider,
      operation,
      startedAt: new Date(),
      durationMs: null,
      request,
      reply: null,
      error: null,
    };
    this.requests.add(callSid, noted);
    try {
      const attributes = { 'ringback.call_sid': callSid, 'ringback.provider': provider };
      const terms = { kind: SpanKind.CLIENT, attributes, outcomeOf: outcomeAttributes };
      const reply = await inSpan(`${operation} ${provider}`, terms, send);
      noted.reply = replyFacts(reply);
      return reply;
    } catch (error) {
      noted.error = errorText(error);
      throw error;
    } finally {
      noted.durationMs = Math.round(performance.now() - start);
    }
  }

  private async send<Reply>(
    operation: ProviderOperation,
    outcomeOf: (reply: Reply) => string,
    request: () => Promise<Reply>,
    signal?: AbortSignal,
  ): Promise<Reply> {
    try {
      return await this.circuits[operation].execute(() => timed(this.name, operation, outcomeOf, request), signal);
    } catch (error) {
      if (error instanceof RequestNotSent) countNotSent(this.name, operation, error.category);
      throw error;
    }
  }
}

const outcomeAttributes = ({ kind }: { readonly kind: string }) => ({ 'ringback.outcome': kind });

const outcomeOf = ({ kind }: { readonly kind: string }): string => kind;

/** A circuit counts errors, and refusals as provider_down. */
const failureOf = (failure: unknown): unknown =>
  failure instanceof Error ? failure : refusalError(failure as Refusal);

const orderWithinLimit = <T>(order: () => Promise<T>): Promise<T> =>
  withinLimit(ORDER_LIMIT_MS, (signal) => untilAborted(order(), signal));

/** What its caller has stopped waiting for has failed, whether or not the provider heeds the signal. */
const untilAborted = <T>(reply: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp);
    void reply.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', giveUp);
    });
  });
