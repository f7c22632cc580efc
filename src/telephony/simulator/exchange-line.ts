import type { TelephonyProvider } from '../telephony-provider.js';
import type { LedgerEntry } from './ledger.js';

/** The way to an exchange, which may be in this process or in another; its orders promise what a provider's do. */
export interface ExchangeLine extends Pick<TelephonyProvider, 'dial' | 'hangUp' | 'fetchStatus' | 'checkReachable'> {
  /** Every dial that the exchange still remembers. */
  ledger(): Promise<readonly LedgerEntry[]>;

  /** Lets go of the line and of whatever waits on it. Safe to repeat. */
  close(): Promise<void>;
}
