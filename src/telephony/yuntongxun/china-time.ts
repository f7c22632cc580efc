/** Yuntongxun writes times without a zone, and means China's: UTC+8 all year round, since 1992 without summer time. */
const OFFSET_MS = 8 * 3_600_000;

/** `yyyyMMddHHmmss` */
export const chinaTimestamp = (time: Date): string =>
  new Date(time.getTime() + OFFSET_MS).toISOString().replace(/\D/g, '').slice(0, 14);

/**
 * Takes `yyyyMMddHHmmss`, and with it the `yyyy-MM-dd HH:mm:ss` of dateCreated: no sample of a hang-up's times is public.
 * Null for anything that is no time.
 */
export const readChinaTime = (text: string): Date | null => {
  const digits = /^(\d{4})-?(\d\d)-?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)$/.exec(text)?.slice(1).join('');
  if (digits === undefined) return null;
  const [year, month, day, hour, minute, second] = (digits.match(/^\d{4}|\d\d/g) ?? []).map(Number);
  const time = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second) - OFFSET_MS);
  // Date.UTC makes 1 March of 30 February.
  return chinaTimestamp(time) === digits ? time : null;
};
