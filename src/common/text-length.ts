/**
 * @param max code points, as people count characters: an emoji outside the basic plane is one
 * @returns the fault as a phrase that continues "the field …", or null
 */
export const lengthFault = (text: string, max: number): string | null => {
  // A code point has at most two code units. A longer text is not looked at: a list of users may have thirty of 256 KB.
  if (text.length > 2 * max) return `must have ${max} characters at most`;
  const { length } = Array.from(text);
  return length > max ? `must have ${max} characters at most; these are ${length}` : null;
};
