/** The whole service with Twilio alone, by a server that speaks its wire format. */
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { startTestApp, type TestApp } from './test-app.js';
import { ACCOUNTS, CALLER_NUMBER, PUBLIC_URL, TENANT, twilioSettings } from './twilio-call.js';
import { startTwilioServer, type TwilioServer } from './twilio-server.js';

export interface TwilioService {
  readonly service: TestApp;
  readonly twilio: TwilioServer;
  /** Between the two; callbacks do not go by it. */
  readonly network: TcpProxy;
  /** Whether what Twilio tells comes in. */
  hears: boolean;
  /** A user with a phone of their own and a sub-account at Twilio. */
  user(phone?: string): Promise<string>;
  close(): Promise<void>;
}

const NOWHERE = 'http://127.0.0.1:9/';

let nextUser = 5_001;

export const startTwilioService = async (
  environment: Readonly<Record<string, string>> = {},
): Promise<TwilioService> => {
  const twilio = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER],
    speed: 20,
    reach: (url) => (telephony.hears ? url.replace(PUBLIC_URL, service.url) : NOWHERE),
  });
  const network = await startTcpProxy(twilio.port);
  const service: TestApp = await startTestApp({
    environment: {
      ...twilioSettings(`http://127.0.0.1:${network.port}`),
      TWILIO_CALLS_PER_SECOND: '1000',
      ...environment,
    },
  });
  const telephony: TwilioService = {
    service,
    twilio,
    network,
    hears: true,
    async user(phone) {
      const id = String(nextUser++);
      await service.admin('PUT', 'users', { users: [{ id, name: 'Somebody', phone: phone ?? `1390000${id}` }] });
      const { status } = await service.admin('PUT', `users/${id}/sub-accounts/twilio`, TENANT);
      if (status !== 201) throw new Error(`no sub-account at Twilio: ${status}`);
      return id;
    },
    async close() {
      await service.close();
      await network.close();
      await twilio.close();
    },
  };
  return telephony;
};
