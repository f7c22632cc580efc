/**
 * Finds variables that look like settings but are not, because a misspelt setting would be silently ignored. All other
 * variables belong to other programs.
 */

export interface UnknownName {
  readonly name: string;
  /** The setting that was probably meant. */
  readonly meant?: string;
}

/** Short names resemble too many others: HOME is two letters from HOST. */
const SHORTEST_NEAR = 6;
const LETTERS_A_SLIP = 6;
/** For TRUST_PROXIES and TRUST_PROXY: a common beginning, and at most this many different letters at the end. */
const LONGEST_ENDING = 3;
/** Within a group of settings, the greatest distance that still suggests a setting. */
const FARTHEST_IN_GROUP = 4;

/** Kubernetes sets these in every container, for example for a service named asterisk. */
const OF_KUBERNETES = /_(?:SERVICE_(?:HOST|PORT)(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP)(?:_\w+)?)?)$/;

/** @param known all settings; a group is the first word that several of them share, as in TWILIO_… */
export const unknownNames = (names: readonly string[], known: readonly string[]): UnknownName[] => {
  const groups = groupsOf(known);
  return names
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const otherCase = known.find((setting) => setting === name.toUpperCase());
      // Other programs use lower-case names, such as https_proxy.
      if (otherCase) return name === name.toLowerCase() ? [] : [{ name, meant: otherCase }];
      const group = firstWordOf(name);
      const isOfGroup = name.includes('_') && groups.has(group) && !OF_KUBERNETES.test(name);
      const [nearest] = known
        .filter((setting) => !isOfGroup || firstWordOf(setting) === group)
        .map((setting) => ({ setting, distance: setting.startsWith(`${name}_`) ? 0 : distanceOf(name, setting) }))
        .sort((one, other) => one.distance - other.distance);
      if (!nearest) return [];
      if (isOfGroup) return [{ name, ...(nearest.distance <= FARTHEST_IN_GROUP && { meant: nearest.setting }) }];
      const slips = Math.min(2, Math.floor(nearest.setting.length / LETTERS_A_SLIP));
      return nearest.setting.length >= SHORTEST_NEAR &&
        (nearest.distance <= slips || differInEnding(name, nearest.setting))
        ? [{ name, meant: nearest.setting }]
        : [];
    });
};

const differInEnding = (one: string, other: string): boolean => {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same++;
  return same >= SHORTEST_NEAR && Math.max(one.length, other.length) - same <= LONGEST_ENDING;
};

const firstWordOf = (name: string): string => name.split('_', 1)[0] ?? '';

const groupsOf = (known: readonly string[]): Set<string> => {
  const words = known.map(firstWordOf);
  return new Set(words.filter((word, index) => words.indexOf(word) !== index));
};

/** Damerau-Levenshtein distance: letters that are missing, added, changed, or swapped with the next one. */
const distanceOf = (one: string, other: string): number => {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped ? (before[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    before = last;
    last = current;
  }
  return last[other.length] ?? 0;
};
