/** The whole service with Twilio as its only provider, on a server with Twilio's wire format. */
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { startTestApp, type TestApp } from './test-app.js';
import { ACCOUNTS, CALLER_NUMBER, PUBLIC_URL, TENANT, twilioSettings } from './twilio-call.js';
import { startTwilioServer, type TwilioServer } from './twilio-server.js';

export interface TwilioService {
  readonly service: TestApp;
  readonly twilio: TwilioServer;
  /** Between service and Twilio; callbacks do not pass it. */
  readonly network: TcpProxy;
  /** Whether Twilio's callbacks reach the service. */
  receivesCallbacks: boolean;
  /** A user with an own phone and a sub-account at Twilio. */
  user(phone?: string): Promise<string>;
  close(): Promise<void>;
}

const NOWHERE = 'http://127.0.0.1:9/';

let nextUser = 5_001;

export const startTwilioService = async (
  environment: Readonly<Record<string, string>> = {},
  databaseUrl?: string,
): Promise<TwilioService> => {
  const twilio = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER],
    speed: 20,
    reach: (url) => (telephony.receivesCallbacks ? url.replace(PUBLIC_URL, service.url) : NOWHERE),
  });
  const network = await startTcpProxy(twilio.port);
  const service: TestApp = await startTestApp({
    environment: {
      ...twilioSettings(`http://127.0.0.1:${network.port}`),
      TWILIO_CALLS_PER_SECOND: '1000',
      ...environment,
    },
    ...(databaseUrl !== undefined && { databaseUrl }),
  });
  const telephony: TwilioService = {
    service,
    twilio,
    network,
    receivesCallbacks: true,
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
