/** Refusals of a dial without a call, beside those of the scripts (call-script.ts). docs/providers/refusals.md lists them. */
import type { OwnRefusal } from '../telephony-provider.js';

export const OWN_REFUSALS = {
  unreached: { category: 'provider_down', code: 'SIM-UNREACHED' },
  closed: { category: 'provider_down', code: 'SIM-CLOSED' },
} as const satisfies Readonly<Record<string, OwnRefusal>>;
