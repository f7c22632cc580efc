/** A fake provider whose outcomes the test sets. */
import type { DialOutcome, DialRequest, TelephonyProvider } from '../../src/telephony/telephony-provider.js';

export interface ScriptedProvider extends TelephonyProvider {
  readonly dials: DialRequest[];
  /** The outcomes of the next requests. */
  onDial: (request: DialRequest, signal: AbortSignal) => Promise<DialOutcome>;
  onHangUp: TelephonyProvider['hangUp'];
  onFetchStatus: TelephonyProvider['fetchStatus'];
}

export const scriptedProvider = (): ScriptedProvider => {
  const provider: ScriptedProvider = {
    name: 'scripted',
    dials: [],
    onDial: async () => ({ kind: 'accepted', providerCallId: 'one' }),
    onHangUp: async () => ({ kind: 'taken' }),
    onFetchStatus: async () => ({ kind: 'unknown' }),
    dial(request, signal) {
      provider.dials.push(request);
      return provider.onDial(request, signal);
    },
    hangUp: (call, before) => provider.onHangUp(call, before),
    fetchStatus: (call) => provider.onFetchStatus(call),
    checkReachable: async () => undefined,
  };
  return provider;
};

export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
