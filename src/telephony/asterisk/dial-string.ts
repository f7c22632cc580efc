/** Which channel reaches a number: the operator's rules, by the beginning of the number. Pure. */

/** `prefix` is matched against the number as Ringback has it: E.164, or a national short number. */
export interface DialRule {
  readonly prefix: string;
  /** As Asterisk's Dial takes it, with placeholders: {number} as it is, {digits} without a plus, {rest} after the prefix. */
  readonly dialString: string;
}

/** The longest prefix that fits decides, so that one number can be told from its country; null where none fits. */
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
 * Whether the device is the number's own phone, as `PJSIP/{rest}` or `PJSIP/desk`, and not a trunk that carries many numbers,
 * as `PJSIP/{digits}@trunk` or `DAHDI/g0/{digits}`. Of a Local channel it is the context.
 */
export const isPhoneOfNumber = ({ dialString }: DialRule): boolean => {
  const [, target = ''] = dialString.split('/');
  return !PLACEHOLDER.test(dialString) || PLACEHOLDER.test(target.slice(target.lastIndexOf('@') + 1));
};

/**
 * Asterisk takes a Local channel out of a call as soon as both of its sides are joined to others. Ringback's variables, its
 * hang-up handler and leg A's id are on that channel, so the call would be over for Ringback while both people talk. Option n
 * keeps the channel. Only the first / begins the options, and & stands between channels that ring together.
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
