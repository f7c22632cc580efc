/** Which calls a freeze stops. Pure. */
import { countryOf, isValidIn } from '../common/phone-number.js';

export interface Freeze {
  readonly kind: 'all' | 'user' | 'sub_account' | 'country';
  /** As in freeze.entity.ts. */
  readonly subject: string;
}

export interface FreezableCall {
  /** Null for a phone that a backend names. */
  readonly callerId: string | null;
  /** `<provider>/<external id>` of each account that may pay for it. */
  readonly accounts: readonly string[];
  readonly callerPhone: string | null;
  readonly calleePhone: string | null;
}

/** Whether the caller may not call, or not from this phone. @param region PHONE_REGION */
export const stopsCaller = (
  { kind, subject }: Freeze,
  { callerId, accounts, callerPhone }: FreezableCall,
  region: string,
): boolean => {
  switch (kind) {
    case 'all':
      return true;
    case 'user':
      return callerId === subject;
    case 'sub_account':
      return accounts.includes(subject);
    case 'country':
      return isIn(callerPhone, subject, region);
  }
};

/** Whether the callee's number may not be called. @param region PHONE_REGION */
export const stopsCallee = ({ kind, subject }: Freeze, { calleePhone }: FreezableCall, region: string): boolean =>
  kind === 'country' && isIn(calleePhone, subject, region);

const isIn = (phone: string | null, country: string, region: string): boolean =>
  phone !== null && phone !== '' && (countryOf(phone, region) === country || isValidIn(phone, country));

export const describeFreeze = ({ kind, subject }: Freeze): string =>
  kind === 'all' ? 'all calls' : `${kind === 'sub_account' ? 'sub-account' : kind} ${subject}`;
