import type { TestApp } from './test-app.js';

/** @returns the callSid @throws when no call was placed, because a test without a call would prove nothing */
export const placeCall = async (service: Pick<TestApp, 'ask'>, userId: string, targetId: string): Promise<string> => {
  const { data, returnCode, returnMsg } = await service.ask(userId, `call/${targetId}`);
  if (data?.callSid === undefined) throw new Error(`no call was placed: ${returnCode} ${returnMsg}`);
  return data.callSid;
};
