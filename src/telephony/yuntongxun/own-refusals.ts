/** Refusals of a dial by Ringback itself: Yuntongxun received no request. docs/providers/refusals.md lists them. */
import type { OwnRefusal } from '../telephony-provider.js';

export const OWN_REFUSALS = {
  unreached: { category: 'provider_down', code: 'RB-UNREACHED' },
  noSid: { category: 'bad_account', code: 'RB-NO-SID' },
  /** The number may be right: Yuntongxun alone does not carry it. */
  notInChina: { category: 'not_permitted', code: 'RB-NOT-CHINA' },
} as const satisfies Readonly<Record<string, OwnRefusal>>;
