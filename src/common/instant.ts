/** RFC 3339. In a query string an unescaped plus is decoded as a blank. */
const SHAPE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+ -]\d\d:\d\d)$/i;

/** A year of at most four digits in UTC: RFC 3339 can write it, and PostgreSQL writes and reads it identically. */
export const isInstant = (date: Date): boolean => {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999;
};

/** Null if the text is not a valid time; 30 February is not. */
export const readInstant = (text: string): Date | null => {
  const [, day = '', time = '', offset = ''] = SHAPE.exec(text) ?? [];
  // Date turns 30 February into 2 March, and 24:00:00 into the next day.
  if (!isDay(day) || time.startsWith('24')) return null;
  const instant = new Date(`${day}T${time}${offset.toUpperCase().replace(' ', '+')}`);
  return isInstant(instant) ? instant : null;
};

const isDay = (day: string): boolean => {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
};
