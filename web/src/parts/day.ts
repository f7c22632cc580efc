/** Days as addresses have them. Pure. */

const SHAPE = /^\d{4}-\d{2}-\d{2}$/;

/** Of the calendar: there is no month 13, and Date would make 3 March of 31 February. */
export const isDay = (text: string): boolean => {
  if (!SHAPE.test(text)) return false;
  const midnight = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(text);
};

/** An address may have a time, or what is no day, which the browser's field for days cannot show. */
export const dayFieldType = (text: string | undefined): 'date' | 'text' =>
  text === undefined || isDay(text) ? 'date' : 'text';
