/** Yuntongxun webhooks, built by the test and read by a provider without HTTP. */
import type { WebhookReading, WebhookRequest } from '../../src/telephony/telephony-provider.js';
import type { YuntongxunProvider } from '../../src/telephony/yuntongxun/yuntongxun.provider.js';
import { writeNotification } from './yuntongxun-calls.js';
import { WEBHOOK_TARGET } from './yuntongxun-provider.js';

export type Fields = Record<string, string>;

export const without = (fields: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

export const asXml = (fields: Fields): string => writeNotification('xml', fields);
export const readBy = (
  provider: YuntongxunProvider,
  body: string | Buffer,
  changes: Partial<WebhookRequest> = {},
): WebhookReading =>
  provider.readWebhook({
    headers: {},
    body: Buffer.from(body),
    target: WEBHOOK_TARGET,
    address: '203.0.113.7',
    ...changes,
  });
