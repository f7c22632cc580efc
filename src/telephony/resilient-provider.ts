import { timeout, TimeoutStrategy } from 'cockatiel';
import type { Logger } from '../common/logger.js';
import { refusalError } from './logged-refusal.js';
import { RequestNotSent, ProviderCircuit } from './provider-circuit.js';
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

/** Longer than a provider's own limits, shorter than the sweeper's pause before it asks again. */
export const ORDER_LIMIT_MS = 10_000;

/**
 * For a provider that says nothing else, such as a PBX beside us: 5,000 calls are asked about within 10 s. A cloud that serves
 * others too should say less.
 */
export const ASKS_PER_SECOND = 500;

/** What a provider takes of us; null is no limit. The same for all replicas together. */
export interface ProviderLimits {
  readonly callsPerSecond: number | null;
  readonly callsAtOnce: number | null;
}

export interface Terms {
  readonly limits: ProviderLimits;
  /** Whether a user who has no sub-account there is given one at their first call, if the provider can. */
  readonly makesSubAccounts: boolean;
}

const NO_TERMS: Terms = { limits: { callsPerSecond: null, callsAtOnce: null }, makesSubAccounts: false };

/**
 * A provider whose trouble does not become ours: while it fails again and again it is left alone, and callers hear at once
 * what they would hear in the end. Dials, hang-ups and status requests have a gate each: hang-ups must get through while
 * dials or status requests are not replied to, and a status that cannot be fetched is no reason to place no calls.
 *
 * Webhooks pass, for the provider sends them when it is well again; so does isReachable, which only tells
 * whether the provider is degraded.
 */
export class ResilientProvider implements Omit<TelephonyProvider, 'checkReachable'> {
  readonly name: string;
  readonly limits: ProviderLimits;
  readonly asksPerSecond: number;
  readonly readWebhook?: TelephonyProvider['readWebhook'];
  readonly listen?: TelephonyProvider['listen'];
  readonly createSubAccount?: TelephonyProvider['createSubAccount'];
  private readonly dials: ProviderCircuit;
  /** A caller has one order in flight (caller-cancels.ts), so no user fills it. */
  private readonly hangUps: ProviderCircuit;
  private readonly statuses: ProviderCircuit;
  private isDegraded = false;
  private readonly orderLimit = timeout(ORDER_LIMIT_MS, TimeoutStrategy.Aggressive);

  constructor(
    readonly provider: TelephonyProvider,
    private readonly logger: Logger,
    { limits, makesSubAccounts }: Terms = NO_TERMS,
  ) {
    this.limits = limits;
    this.name = provider.name;
    this.asksPerSecond = provider.asksPerSecond ?? ASKS_PER_SECOND;
    if (provider.readWebhook) this.readWebhook = provider.readWebhook.bind(provider);
    if (provider.listen) this.listen = provider.listen.bind(provider);
    const createSubAccount = makesSubAccounts ? provider.createSubAccount?.bind(provider) : undefined;
    const gate = (requests: string): ProviderCircuit =>
      new ProviderCircuit((state, lastFailure) => {
        const line = { provider: provider.name, requests, state };
        if (state === 'open') logger.warn({ ...line, error: failureOf(lastFailure) }, 'circuit opened');
        else logger.info(line, 'circuit');
      });
    this.dials = gate('dials');
    this.hangUps = gate('hang-ups');
    this.statuses = gate('status requests');
    // A gate of their own: accounts that cannot be made must not shut another gate.
    const accounts = gate('sub-accounts');
    if (createSubAccount) {
      this.createSubAccount = (name) => accounts.pass(() => this.orderLimit.execute(() => createSubAccount(name)));
    }
  }

  /** Whether dials are refused unasked, but for a trial now and then. */
  get isCircuitOpen(): boolean {
    return this.dials.state !== 'closed';
  }

  /** While the gate is shut nobody is rung, and the dial is refused for certain. */
  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    try {
      return await this.dials.pass(() => untilAborted(this.provider.dial(request, signal), signal), signal);
    } catch (error) {
      if (!(error instanceof RequestNotSent)) throw error;
      return { kind: 'refused', category: error.category, code: 'NOT-ASKED', text: error.message };
    }
  }

  hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    return this.hangUps.pass(() => this.orderLimit.execute(() => this.provider.hangUp(call, before)));
  }

  fetchStatus(call: ProviderCall): Promise<CallStatus> {
    return this.statuses.pass(() => this.orderLimit.execute(() => this.provider.fetchStatus(call)));
  }

  /** Logs a change, with its cause. */
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
}

/** A gate counts errors, and refusals as provider_down. */
const failureOf = (failure: unknown): unknown =>
  failure instanceof Error ? failure : refusalError(failure as Refusal);

/** A dial that its caller has stopped waiting for has failed, whether or not the provider heeds the signal. */
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
