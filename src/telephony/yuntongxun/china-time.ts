/** Yuntongxun's times have no zone and mean China's: UTC+8 all year, without summer time since 1992. */
const OFFSET_MS = 8 * 3_600_000;

/** `yyyyMMddHHmmss` */
export const chinaTimestamp = (time: Date): string =>
  new Date(time.getTime() + OFFSET_MS).toISOString().replace(/\D/g, '').slice(0, 14);

/**
 * Reads `yyyyMMddHHmmss`, and also the `yyyy-MM-dd HH:mm:ss` of dateCreated, because no sample of a hang-up's times is
 * public. Null for any other text.
 */
export const readChinaTime = (text: string): Date | null => {
  const digits = /^(\d{4})-?(\d\d)-?(\d\d)[ T]?(\d\d):?(\d\d):?(\d\d)$/.exec(text)?.slice(1).join('');
  if (digits === undefined) return null;
  const [year, month, day, hour, minute, second] = (digits.match(/^\d{4}|\d\d/g) ?? []).map(Number);
  const time = new Date(Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second) - OFFSET_MS);
  // Date.UTC turns 30 February into 1 March.
  return chinaTimestamp(time) === digits ? time : null;
};
