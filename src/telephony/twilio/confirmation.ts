/**
 * CONFIRM_CALLER: leg A must press 1 before leg B is dialled, so that a mailbox rings nobody. Twilio sends the key to us,
 * and the reply says what to do next. The URL contains that document, so any replica can reply, without the record. Pure.
 */
import twilio from 'twilio';

const KEY = '1';

/** @param url for the key, or for none after the time */
export const askToConfirm = (callerPhone: string, seconds: number, url: string): string => {
  const response = new twilio.twiml.VoiceResponse();
  const gather = response.gather({
    numDigits: 1,
    finishOnKey: '',
    timeout: seconds,
    action: url,
    method: 'POST',
    actionOnEmptyResult: true,
  });
  if (callerPhone.startsWith('+86')) gather.say({ language: 'zh-CN' }, '请按1接通电话。');
  else gather.say({ language: 'en-US' }, 'To connect your call, press 1.');
  return response.toString();
};

export const isConfirmed = (fields: URLSearchParams): boolean => fields.get('Digits') === KEY;
