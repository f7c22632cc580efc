/** Refusals of a dial by Ringback itself: the company received no request. docs/providers/refusals.md lists them. */
import type { OwnRefusal } from '../telephony-provider.js';
import type { Dialect } from './dialect.js';

export const ownRefusals = ({ name }: Pick<Dialect, 'name'>) =>
  ({
    unreached: { category: 'provider_down', code: `${name.toUpperCase()}-UNREACHED` },
    /** The number may be right: the company alone does not dial it. */
    shortNumber: { category: 'not_permitted', code: `${name.toUpperCase()}-SHORT-NUMBER` },
    noAccount: { category: 'bad_account', code: `NO-${name.toUpperCase()}-ACCOUNT` },
  }) as const satisfies Readonly<Record<string, OwnRefusal>>;
