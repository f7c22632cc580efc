import type { TelephonyProvider } from '../telephony-provider.js';
import type { LedgerEntry } from './ledger.js';

/** The connection to an exchange, in this process or another. Its methods have the contract of a provider. */
export interface ExchangeLine extends Pick<TelephonyProvider, 'dial' | 'hangUp' | 'fetchStatus' | 'checkReachable'> {
  /** All dials that the exchange still has on record. */
  ledger(): Promise<readonly LedgerEntry[]>;

  /** Closes the connection and aborts pending requests. Safe to repeat. */
  close(): Promise<void>;
}
