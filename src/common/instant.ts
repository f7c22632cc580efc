/** RFC 3339; in a query string a plus that nobody has escaped is a blank. */
const SHAPE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+ -]\d\d:\d\d)$/i;

/** A year of four digits in UTC: what RFC 3339 can write, and PostgreSQL writes and reads alike. */
export const isInstant = (date: Date): boolean => {
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999;
};

/** Null where the text is no instant, a February 30 included. */
export const readInstant = (text: string): Date | null => {
  const [, day = '', time = '', offset = ''] = SHAPE.exec(text) ?? [];
  // Date makes March 2 of February 30, and the next day of 24:00:00.
  if (!isDay(day) || time.startsWith('24')) return null;
  const instant = new Date(`${day}T${time}${offset.toUpperCase().replace(' ', '+')}`);
  return isInstant(instant) ? instant : null;
};

const isDay = (day: string): boolean => {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
};
