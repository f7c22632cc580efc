import type { TestApp } from './test-app.js';

/** @returns the callSid @throws where no call was placed, for a test that went on without one would test nothing */
export const placeCall = async (service: Pick<TestApp, 'ask'>, userId: string, targetId: string): Promise<string> => {
  const { data, returnCode, returnMsg } = await service.ask(userId, `call/${targetId}`);
  if (data?.callSid === undefined) throw new Error(`no call was placed: ${returnCode} ${returnMsg}`);
  return data.callSid;
};
