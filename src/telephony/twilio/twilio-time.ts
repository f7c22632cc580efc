/** Twilio sends times in whole seconds (RFC 2822): the event happened within that second. */
export const startOfSecond = (time: Date): Date => new Date(Math.floor(time.getTime() / 1000) * 1000);
export const endOfSecond = (time: Date): Date => new Date(startOfSecond(time).getTime() + 999);
