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

/** Longer than a provider's own limits, shorter than the sweeper's interval between two attempts. */
export const ORDER_LIMIT_MS = 10_000;

/**
 * The default for providers without their own value, such as a local PBX: 5,000 calls within 10 s. A shared cloud
 * provider should set less.
 */
export const ASKS_PER_SECOND = 500;

/** A provider's limits, for all replicas together; null means no limit. */
export interface ProviderLimits {
  readonly callsPerSecond: number | null;
  readonly callsAtOnce: number | null;
}

export interface Terms {
  readonly limits: ProviderLimits;
  /** Whether a user without a sub-account there gets one at the first call, if the provider supports it. */
  readonly makesSubAccounts: boolean;
}

const NO_TERMS: Terms = { limits: { callsPerSecond: null, callsAtOnce: null }, makesSubAccounts: false };

/**
 * Protects Ringback from a failing provider: after repeated failures, requests are refused immediately with the result
 * that they would have had. Dials, hang-ups and status requests have a circuit each. So hang-ups are sent while dials
 * or status requests get no reply, and failing status requests do not stop dials.
 * Webhooks bypass the circuits, because the provider sends them once it works again. So does isReachable, which only
 * reports whether the provider is degraded.
 */
export class ResilientProvider implements Omit<TelephonyProvider, 'checkReachable'> {
  readonly name: string;
  readonly limits: ProviderLimits;
  readonly asksPerSecond: number;
  readonly readWebhook?: TelephonyProvider['readWebhook'];
  readonly listen?: TelephonyProvider['listen'];
  readonly createSubAccount?: TelephonyProvider['createSubAccount'];
  readonly defaultAccount?: TelephonyProvider['defaultAccount'];
  private readonly dials: ProviderCircuit;
  /** A caller has at most one order in flight (caller-cancels.ts), so no user can fill the queue. */
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
    if (provider.defaultAccount) this.defaultAccount = provider.defaultAccount;
    if (provider.readWebhook) this.readWebhook = provider.readWebhook.bind(provider);
    if (provider.listen) this.listen = provider.listen.bind(provider);
    const createSubAccount = makesSubAccounts ? provider.createSubAccount?.bind(provider) : undefined;
    const newCircuit = (requests: string): ProviderCircuit =>
      new ProviderCircuit((state, lastFailure) => {
        const line = { provider: provider.name, requests, state };
        if (state === 'open') logger.warn({ ...line, error: failureOf(lastFailure) }, 'circuit opened');
        else logger.info(line, 'circuit');
      });
    this.dials = newCircuit('dials');
    this.hangUps = newCircuit('hang-ups');
    this.statuses = newCircuit('status requests');
    // A separate circuit: failures to create accounts must not open another one.
    const accounts = newCircuit('sub-accounts');
    if (createSubAccount) {
      this.createSubAccount = (name) => accounts.execute(() => this.orderLimit.execute(() => createSubAccount(name)));
    }
  }

  /** Whether dials are refused without a request, except for occasional trials. */
  get isCircuitOpen(): boolean {
    return this.dials.state !== 'closed';
  }

  /** While the circuit is open, the dial is certainly refused and no phone rings. */
  async dial(request: DialRequest, signal: AbortSignal): Promise<DialOutcome> {
    try {
      return await this.dials.execute(() => untilAborted(this.provider.dial(request, signal), signal), signal);
    } catch (error) {
      if (!(error instanceof RequestNotSent)) throw error;
      return { kind: 'refused', category: error.category, code: 'NOT-ASKED', text: error.message };
    }
  }

  hangUp(call: ProviderCall, before?: CallMilestone): Promise<HangUpOutcome> {
    return this.hangUps.execute(() => this.orderLimit.execute(() => this.provider.hangUp(call, before)));
  }

  fetchStatus(call: ProviderCall): Promise<CallStatus> {
    return this.statuses.execute(() => this.orderLimit.execute(() => this.provider.fetchStatus(call)));
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
}

/** A circuit counts errors, and refusals as provider_down. */
const failureOf = (failure: unknown): unknown =>
  failure instanceof Error ? failure : refusalError(failure as Refusal);

/** A dial whose caller has aborted has failed, whether or not the provider heeds the signal. */
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
