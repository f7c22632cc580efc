/**
 * CONFIRM_CALLER: leg A must press 1 before leg B is dialled, so that a mailbox rings nobody. The company sends the key to us,
 * and the reply says what to do next. The URL contains that document, so any replica can reply, without the record. Pure.
 */
import twilio from 'twilio';

const KEY = '1';

/** Part of a dialect. */
export interface Asking {
  /** Attributes of `<Say>`: the voice of the prompt, by its language. */
  readonly chinese: Readonly<Record<string, string>>;
  readonly english: Readonly<Record<string, string>>;
  /** Whether `actionOnEmptyResult` exists. Otherwise the document goes on if no key is pressed, and nothing is sent. */
  readonly tellsNoKey: boolean;
}

/**
 * @param url for the key, or for none after the time
 * @param urlWithoutKey for none, if the company does not tell it
 */
export const askToConfirm = (
  { chinese, english, tellsNoKey }: Asking,
  callerPhone: string,
  seconds: number,
  url: string,
  urlWithoutKey: string,
): string => {
  const response = new twilio.twiml.VoiceResponse();
  const gather = response.gather({
    numDigits: 1,
    finishOnKey: '',
    timeout: seconds,
    action: url,
    method: 'POST',
    ...(tellsNoKey && { actionOnEmptyResult: true }),
  });
  if (callerPhone.startsWith('+86')) gather.say(chinese, '请按1接通电话。');
  else gather.say(english, 'To connect your call, press 1.');
  if (!tellsNoKey) response.redirect({ method: 'POST' }, urlWithoutKey);
  return response.toString();
};

export const isConfirmed = (fields: URLSearchParams): boolean => fields.get('Digits') === KEY;
