/** Ends a call at the carrier, as if one party had hung up, without the service under test. */
import { HttpCarrierClient } from '../../src/telephony/simulator/http-carrier-client.js';
import type { RemoteCarrier } from './remote-carrier.js';
import { waitFor } from './wait-for.js';

export const endAtProvider = async (carrier: RemoteCarrier, callSid: string): Promise<void> => {
  const client = new HttpCarrierClient(carrier.url);
  try {
    await client.hangUp({ callSid, providerCallId: null });
  } finally {
    await client.close();
  }
  await waitFor('the end at the provider', async () =>
    (await carrier.entryOf(callSid))?.events.some(({ type }) => type === 'ended'),
  );
};
