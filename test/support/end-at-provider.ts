/** Ends a call at the exchange, as if one of the two had hung up: the service under test has no part in it. */
import { ExchangeClient } from '../../src/telephony/simulator/exchange-client.js';
import type { RemoteExchange } from './remote-exchange.js';
import { waitFor } from './wait-for.js';

export const endAtProvider = async (exchange: RemoteExchange, callSid: string): Promise<void> => {
  const client = new ExchangeClient(exchange.url);
  try {
    await client.hangUp({ callSid, providerCallId: null });
  } finally {
    await client.close();
  }
  await waitFor('the end at the provider', async () =>
    (await exchange.entryOf(callSid))?.events.some(({ type }) => type === 'ended'),
  );
};
