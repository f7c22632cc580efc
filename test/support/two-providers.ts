/** The whole service with two providers, Yuntongxun and Twilio. Each is a stand-in, with HTTP in both directions. */
import {
  ACCOUNTS,
  CALLER_NUMBER,
  OTHER_CALLER_NUMBER,
  PUBLIC_URL,
  SHOWN_NUMBERS,
  TENANT,
  twilioSettings,
} from './twilio-call.js';
import { startTwilioServer, type TwilioServer } from './twilio-server.js';
import { startTestApp, type TestApp } from './test-app.js';
import { WEBHOOK_TARGET, WEBHOOK_TOKEN } from './yuntongxun-provider.js';
import { startYuntongxunServer, type YuntongxunServer } from './yuntongxun-server.js';

export interface TwoProviders {
  readonly service: TestApp;
  readonly yuntongxun: YuntongxunServer;
  readonly twilio: TwilioServer;
  /** A user with a phone, and sub-accounts at the named providers. */
  user(...subAccounts: readonly ('yuntongxun' | 'twilio')[]): Promise<string>;
  close(): Promise<void>;
}

let nextUser = 3_001;

export const startTwoProviders = async (
  environment: Readonly<Record<string, string>> = {},
  databaseUrl?: string,
  logTo?: NodeJS.WritableStream,
): Promise<TwoProviders> => {
  const yuntongxun = await startYuntongxunServer({ speed: 20 });
  const twilio = await startTwilioServer({
    accounts: ACCOUNTS,
    callerNumbers: [CALLER_NUMBER, OTHER_CALLER_NUMBER, ...SHOWN_NUMBERS],
    speed: 20,
    reach: (url) => url.replace(PUBLIC_URL, service.url),
  });
  const service: TestApp = await startTestApp({
    ...(databaseUrl !== undefined && { databaseUrl }),
    ...(logTo && { logTo }),
    environment: {
      ...twilioSettings(twilio.url),
      TWILIO_CALLS_PER_SECOND: '1000',
      YUNTONGXUN_URL: yuntongxun.url,
      YUNTONGXUN_ACCOUNT_SID: yuntongxun.accountSid,
      YUNTONGXUN_AUTH_TOKEN: yuntongxun.authToken,
      YUNTONGXUN_APP_ID: yuntongxun.appId,
      YUNTONGXUN_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
      ROUTES: '=yuntongxun/twilio',
      ...environment,
    },
  });
  yuntongxun.calls.webhookUrl = `${service.url}${WEBHOOK_TARGET}`;
  const credentials = { yuntongxun: yuntongxun.subAccount, twilio: TENANT };
  return {
    service,
    yuntongxun,
    twilio,
    async user(...subAccounts) {
      const id = String(nextUser++);
      await service.admin('PUT', 'users', { users: [{ id, name: 'Somebody', phone: '13900001001' }] });
      for (const provider of subAccounts) {
        const { status } = await service.admin('PUT', `users/${id}/sub-accounts/${provider}`, credentials[provider]);
        if (status !== 201) throw new Error(`no sub-account at ${provider}: ${status}`);
      }
      return id;
    },
    async close() {
      await service.close();
      await twilio.close();
      await yuntongxun.close();
    },
  };
};
