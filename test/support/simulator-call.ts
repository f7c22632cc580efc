import type { DialRequest } from '../../src/telephony/telephony-provider.js';

let placed = 0;

/** A dial whose script has the given number. */
export const dialRequest = (
  script: string,
  callSid = `20260101${String(++placed).padStart(24, '0')}`,
): DialRequest => ({
  callSid,
  callerPhone: '+8613800001001',
  calleePhone: `+86138000020${script}`,
  subAccount: { externalId: 'sub-1', secret: 'not for the callLog' },
});
