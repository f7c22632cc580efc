import { randomInt } from 'node:crypto';

/** 32 decimal digits: yyMMddHHmmssSSS in UTC, and 17 from a cryptographic source (contract: callSid). */
export const newCallSid = (now: Date): string => {
  const time = now.toISOString().replace(/\D/g, '').slice(2, 17);
  // randomInt reaches to 2^48, so the seventeen digits come in two parts.
  return time + digits(8) + digits(9);
};

export const isCallSid = (text: unknown): text is string => typeof text === 'string' && /^\d{32}$/.test(text);

const digits = (count: number): string => String(randomInt(10 ** count)).padStart(count, '0');
