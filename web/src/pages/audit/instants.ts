/** The browser's field for a time has no zone. The address has the instant, so that it means the same everywhere. */

/** @returns the text of such a field, or nothing for what is no time */
export const fieldOf = (instant: string | undefined): string => {
  const at = new Date(instant ?? Number.NaN);
  if (Number.isNaN(at.getTime())) return '';
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return local.slice(0, 'yyyy-mm-ddThh:mm'.length);
};

/** @param field of the browser's zone */
export const instantOf = (field: string): string => {
  const at = new Date(field);
  return Number.isNaN(at.getTime()) ? field : at.toISOString();
};
