/** Reads how long a server asks us to wait (RFC 9110 §10.2.3). */

/** A longer time is probably an error of the server. The back-off of deliveries grows to hours by itself. */
export const LONGEST_RETRY_AFTER_SECONDS = 3_600;

const TOO_MANY_REQUESTS = 429;
const SERVICE_UNAVAILABLE = 503;

/** @returns seconds; 0 if the header is absent or unreadable */
export const retryAfterOf = (status: number, header: string | undefined, now: Date): number => {
  if (header === undefined || (status !== TOO_MANY_REQUESTS && status !== SERVICE_UNAVAILABLE)) return 0;
  const text = header.trim();
  const seconds = /^\d+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now.getTime()) / 1_000);
  return Number.isNaN(seconds) ? 0 : Math.min(Math.max(seconds, 0), LONGEST_RETRY_AFTER_SECONDS);
};
