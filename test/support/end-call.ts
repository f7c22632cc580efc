import type { TestApp } from './test-app.js';
import { waitFor } from './wait-for.js';

/** Cancels a caller's call, and waits until it is over: a provider may take the order, and end the call later. */
export const endCall = async (service: TestApp, callerId: string, callSid: string): Promise<void> => {
  await service.ask(callerId, `callCancel/${callSid}`);
  const state = async () => (await service.ask(callerId, `callState/${callSid}`)).data?.stateType;
  await waitFor('the end of the call', async () => (await state()) === '4');
};
