/** The warning before the end of the talk (`countDownTime`). The platform has announcements for three times alone; others are silent. */
import { talkWarning } from '../talk-warning.js';

const ANNOUNCED_SECONDS = [5, 30, 60];

/** @returns the nearest time that is announced and fits into the talk, in seconds; undefined for no warning */
export const countDownOf = (
  warningSeconds: number | undefined,
  longestTalkSeconds: number | undefined,
): number | undefined => {
  const warning = talkWarning(warningSeconds, longestTalkSeconds);
  if (warning === undefined) return undefined;
  const distance = (seconds: number): number => Math.abs(seconds - warning);
  return ANNOUNCED_SECONDS.filter((seconds) => seconds < (longestTalkSeconds ?? Infinity)).sort(
    (one, other) => distance(one) - distance(other),
  )[0];
};
