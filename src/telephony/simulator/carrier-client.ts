import type { TelephonyProvider } from '../telephony-provider.js';
import type { CallLogEntry } from './call-log.js';

/** The connection to a carrier, in this process or another. Its methods have the contract of a provider. */
export interface CarrierClient extends Pick<TelephonyProvider, 'dial' | 'hangUp' | 'fetchStatus' | 'checkReachable'> {
  /** All dials that the carrier still has on record. */
  callLog(): Promise<readonly CallLogEntry[]>;

  /** Closes the connection and aborts pending requests. Safe to repeat. */
  close(): Promise<void>;
}
