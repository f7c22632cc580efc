/** The loggable part of a provider's refusal. Its text may repeat the dialled number. */
import { maskPhonesIn } from '../common/phone-number.js';
import type { Refusal } from './telephony-provider.js';

export const loggedRefusal = ({ category, code, text }: Refusal): Refusal => ({
  category,
  code,
  text: maskPhonesIn(text),
});

export const refusalError = (refusal: Refusal): Error => {
  const { category, code, text } = loggedRefusal(refusal);
  return new Error(`the provider refused (${category}): ${code} ${text}`);
};
