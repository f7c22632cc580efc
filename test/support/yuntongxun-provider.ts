/** A Yuntongxun provider that uses a stand-in server and its own webhook token. */
import { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import type { YuntongxunOptions } from '../../src/telephony/yuntongxun/yuntongxun-options.js';
import type { DialRequest } from '../../src/telephony/telephony-provider.js';
import { dialRequest } from './simulator-call.js';
import type { YuntongxunServer } from './yuntongxun-server.js';

export const WEBHOOK_TOKEN = 'only-yuntongxun-was-told-this';
export const WEBHOOK_TARGET = `/v1/webhooks/yuntongxun/${WEBHOOK_TOKEN}`;

export const providerFor = (
  server: Pick<YuntongxunServer, 'url' | 'accountSid' | 'authToken' | 'appId'>,
  options: Partial<YuntongxunOptions> = {},
): YuntongxunProvider =>
  new YuntongxunProvider({
    url: server.url,
    accountSid: server.accountSid,
    authToken: server.authToken,
    appId: server.appId,
    webhookToken: WEBHOOK_TOKEN,
    replyLimitMs: 1_500,
    ...options,
  });

/** A service's settings for Yuntongxun without a server. */
export const UNREACHED_SETTINGS = {
  YUNTONGXUN_ACCOUNT_SID: 'a1',
  YUNTONGXUN_AUTH_TOKEN: 'only-we-know-this',
  YUNTONGXUN_APP_ID: 'app',
  YUNTONGXUN_WEBHOOK_TOKEN: WEBHOOK_TOKEN,
  YUNTONGXUN_URL: 'http://127.0.0.1:9',
};

/** A provider without a server. */
export const providerAlone = (options: Partial<YuntongxunOptions> = {}): YuntongxunProvider =>
  providerFor({ url: 'http://127.0.0.1:9', accountSid: 'a1', authToken: 'secret', appId: 'app' }, options);

/** A dial of the given script with the server's own sub-account. */
export const callbackRequest = (
  server: Pick<YuntongxunServer, 'subAccount'>,
  script: string,
  changes: Partial<DialRequest> = {},
): DialRequest => ({ ...dialRequest(script), subAccount: server.subAccount, ...changes });

export const replyTimeout = (): AbortSignal => AbortSignal.timeout(10_000);
