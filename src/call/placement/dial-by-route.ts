/**
 * Dials a call at the providers of its route in turn, until one accepts it or refuses it for the call's own sake. A dial
 * with an unknown outcome ends the search, because phones may be ringing (design rule 3).
 */
import type { Logger } from '../../common/logger.js';
import { loggedRefusal } from '../../telephony/logged-refusal.js';
import type { ResilientProvider } from '../../telephony/resilient-provider.js';
import type { DialRequest, HuntedNumber } from '../../telephony/telephony-provider.js';
import { settleSoon } from '../record/dialled-call.js';
import type { Carrier } from './carriers.js';
import { countDial } from './dial-metrics.js';
import { dialWithinLimits, waitsForDialSlot, type Dialler } from './dial-within-limits.js';
import type { DialResult } from './dial.js';
import { failOver, isPassedOver, type PassingOver } from './fail-over.js';

export interface Way {
  readonly first: Carrier;
  readonly others: AsyncGenerator<Carrier, undefined>;
  /** Providers before the next carrier at which the caller has no account. Whoever writes them down empties it. */
  readonly noAccountAt: string[];
}

/** For all providers of its route. */
export type CallToDial = Omit<DialRequest, 'subAccount'> & { readonly notAfter: Date | null };

export class RouteDialler {
  constructor(
    private readonly dialler: Dialler,
    private readonly logger: Logger,
  ) {}

  async dial(callerId: string, call: CallToDial, { first, others, noAccountAt }: Way): Promise<DialResult> {
    for (let carrier = first; ;) {
      const result = await this.dialAt(callerId, call, carrier);
      if (result.kind !== 'refused' || !isPassedOver(result)) return result;
      const next = await others.next();
      if (next.done) return result;
      const passing = { from: carrier, refusal: result, to: next.value, noAccountAt: noAccountAt.splice(0) };
      if (!(await this.failOver(call, passing))) return result;
      carrier = next.value;
    }
  }

  private async dialAt(callerId: string, call: CallToDial, carrier: Carrier): Promise<DialResult> {
    const { provider: asked, subAccount } = carrier;
    const { notAfter, hunt, ...alone } = call;
    const request = asked.hunts && hunt ? { ...alone, hunt } : alone;
    const result = await dialWithinLimits(this.dialler, callerId, asked, { ...request, subAccount }, notAfter);
    const provider = asked.name;
    countDial(provider, result);
    if (result.kind === 'refused') {
      this.logger.warn({ provider, refusal: loggedRefusal(result) }, 'the provider refused a dial');
    }
    if (result.kind === 'timed_out') {
      this.logger.warn({ provider }, 'the provider has not replied to the dial in time');
    }
    if (result.kind === 'timed_out' || result.kind === 'unknown') this.checkSoon(call.callSid);
    return result;
  }

  /** Not awaited: while the process stops, it must answer its callers as soon as their dials are released. */
  private checkSoon(callSid: string): void {
    settleSoon(this.dialler.database, callSid).catch((error: unknown) => {
      this.logger.debug(
        { error },
        'the check of a dial with an unknown outcome could not be brought forward; it is checked when due',
      );
    });
  }

  private failOver(
    { callSid, hunt }: CallToDial,
    { from, refusal, to, noAccountAt }: Pick<PassingOver, 'refusal' | 'noAccountAt'> & Record<'from' | 'to', Carrier>,
  ): Promise<boolean> {
    this.logger.info({ from: from.provider.name, to: to.provider.name }, 'a provider is passed over');
    return failOver(this.dialler.database, {
      callSid,
      from: from.provider.name,
      refusal,
      noAccountAt,
      to: to.provider.name,
      subAccount: to.subAccount.externalId,
      hunt: huntedBy(to.provider, hunt),
      waitsForDialSlot: waitsForDialSlot(to.provider),
      dialTimeoutSeconds: this.dialler.dialTimeoutSeconds,
    });
  }
}

/** Undefined if the provider tries one number only. */
export const huntedBy = (
  { hunts }: ResilientProvider,
  numbers: readonly HuntedNumber[] | undefined,
): readonly string[] | undefined => (hunts ? numbers?.map(({ phone }) => phone) : undefined);
