/** Calls of every kind, and a backend that is told of them, for the pages that show calls. */
import { waitFor } from '../support/wait-for.js';
import { placeCall } from '../support/placed-call.js';
import type { TestApp } from '../support/test-app.js';
import { registerEndpoint } from '../support/webhook-endpoint.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

/** Callees of the demo directory; the simulator's script goes by the number. */
const CALLEES = {
  completed: '2000',
  busy: '2001',
  rejected: '2003',
  unreachable: '2004',
  noAnswer: '2005',
  open: '2013',
};

export type SomeCalls = Readonly<Record<keyof typeof CALLEES | 'refused', string>> & {
  readonly receiver: WebhookReceiver;
  readonly endpointId: string;
};

/** For the service: its webhooks go to this machine. */
export const FOR_SOME_CALLS = { WEBHOOK_ALLOWED_RANGES: '127.0.0.1' };

/** All but `open` are over when it returns, and their deliveries are settled. */
export const placeSomeCalls = async (service: TestApp): Promise<SomeCalls> => {
  const receiver = await startWebhookReceiver();
  const { id: endpointId } = await registerEndpoint(service, { url: receiver.url });
  const placed: Record<string, string> = {};
  let caller = 1010;
  for (const [name, callee] of Object.entries(CALLEES)) {
    placed[name] = await placeCall(service, String(caller++), callee);
  }
  // The simulator refuses the number, so no call is returned; it is on record.
  await service.ask(String(caller++), 'call/2006');
  const { items } = (await (await service.admin('GET', 'calls?calleeId=2006')).json()) as {
    items: { callSid: string }[];
  };
  const refused = items[0]!.callSid;
  // A rule does: nobody can call their own phone.
  await service.ask('1001', 'call/1001');
  const calls = placed as Record<keyof typeof CALLEES, string>;
  const { open, ...others } = calls;
  const stateOf = async (callSid: string): Promise<string> => {
    const found = await service.admin('GET', `calls/${callSid}`);
    return ((await found.json()) as { stateType: string }).stateType;
  };
  for (const callSid of Object.values(others)) {
    await waitFor('the end of a call', async () => (await stateOf(callSid)) === '4');
    await waitFor('its last webhook', () =>
      receiver.accepted(callSid).some(({ change }) => change.data.stateType === '4'),
    );
  }
  await waitFor('the talk of the open call', async () => (await stateOf(open)) === '3');
  return { ...calls, refused, receiver, endpointId };
};
