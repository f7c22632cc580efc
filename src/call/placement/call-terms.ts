import type { DialTerms } from '../../telephony/telephony-provider.js';
import type { BackendOrder } from '../record/open-call.js';

/** What a backend says of a call beyond whom it connects. */
export interface CallTerms extends BackendOrder {
  /** For the provider. */
  readonly dial: DialTerms;
  /** No provider is asked to dial later. */
  readonly notAfter: Date | null;
  /** The only route that may be taken, as written in the configuration; null for the first that matches the number. */
  readonly route: string | null;
  /** The only provider that may carry the call; null for any on the route. */
  readonly provider: string | null;
}
