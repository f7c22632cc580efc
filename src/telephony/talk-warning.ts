/**
 * @param warningSeconds before the end of the longest talk; undefined for none
 * @param longestTalkSeconds of this call, which may be shorter than usual; undefined if nothing limits its talk
 * @returns the seconds to request from the provider; undefined if the talk is unlimited, or too short for the warning
 */
export const talkWarning = (
  warningSeconds: number | undefined,
  longestTalkSeconds: number | undefined,
): number | undefined =>
  longestTalkSeconds === undefined || (warningSeconds ?? 0) >= longestTalkSeconds ? undefined : warningSeconds;
