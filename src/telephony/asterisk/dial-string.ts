/** The operator's rules: which channel reaches a number, by its prefix. Pure. */

/** `prefix` is matched against the number as stored: E.164, or a national short number. */
export interface DialRule {
  readonly prefix: string;
  /**
   * In the format of Asterisk's Dial, with placeholders: {number} unchanged, {digits} without a plus, {rest} after the
   * prefix.
   */
  readonly dialString: string;
}

/** The longest matching prefix wins, so that a number can have another rule than its country; null if none matches. */
export const ruleFor = (rules: readonly DialRule[], number: string): DialRule | null =>
  rules
    .filter(({ prefix }) => number.startsWith(prefix))
    .reduce<DialRule | null>((best, one) => (best && best.prefix.length >= one.prefix.length ? best : one), null);

export const dialStringFor = ({ prefix, dialString }: DialRule, number: string): string =>
  dialString
    .replaceAll('{number}', number)
    .replaceAll('{digits}', number.replace(/\D/g, ''))
    .replaceAll('{rest}', number.slice(prefix.length));

const PLACEHOLDER = /\{(?:number|digits|rest)\}/;

/**
 * Whether the device is the number's own phone, such as `PJSIP/{rest}` or `PJSIP/desk`, and not a trunk for many
 * numbers, such as `PJSIP/{digits}@trunk` or `DAHDI/g0/{digits}`. For a Local channel the context counts.
 */
export const isPhoneOfNumber = ({ dialString }: DialRule): boolean => {
  const [, target = ''] = dialString.split('/');
  return !PLACEHOLDER.test(dialString) || PLACEHOLDER.test(target.slice(target.lastIndexOf('@') + 1));
};

/**
 * Asterisk removes a Local channel from a call as soon as both of its sides are bridged. Ringback's variables, its
 * hang-up handler and leg A's id are on that channel. Without it the call would be over for Ringback while both people
 * talk. Option n keeps the channel. Only the first / starts the options, and & separates channels that ring together.
 */
export const keepingLocalChannels = (dialString: string): string =>
  dialString
    .split('&')
    .map((channel) => {
      const [, place = '', options] = /^(local\/[^/]*)(?:\/(.*))?$/i.exec(channel) ?? [];
      if (place === '' || options?.includes('n')) return channel;
      return `${place}/n${options ?? ''}`;
    })
    .join('&');
