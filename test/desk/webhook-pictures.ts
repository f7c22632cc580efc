/** `npm run desk:pictures`: the pages of the webhooks and of the audit, in both languages. Not a test: it compares nothing. */
import { startTestApp, type TestApp } from '../support/test-app.js';
import { startDrawing } from './drawing.js';
import { ENVIRONMENT_OF_WEBHOOKS, storeWebhooks } from './shown-webhooks.js';

/** What is shown of each page, and how to know that it is there. */
const PAGES = [
  { name: 'webhooks', path: 'webhooks', shows: 'tbody' },
  { name: 'webhook-endpoint', path: 'webhooks/1', shows: 'tbody' },
  { name: 'webhook-delivery', path: 'webhooks/1/deliveries/:deliveryId', shows: 'tbody' },
  { name: 'audit', path: 'audit?to=:now', shows: 'tbody' },
] as const;

/** For the audit. */
const changeSomething = async ({ admin }: TestApp): Promise<void> => {
  await admin('POST', 'users', { id: '3008', name: '李小红', phone: '+8613800138008' });
  await admin('PATCH', 'users/3008', { phone: '+8613900139009', blocked: true });
  await admin('GET', 'calls?phone=13900139009');
  await admin('PUT', 'users/1001/sub-accounts/simulator', { externalId: 'sub-1001', secret: 'of the picture' });
  await admin('POST', 'api-keys', { name: 'crm', scopes: ['calls:read'] });
};

it('draws the pages', async () => {
  const service = await startTestApp({ environment: ENVIRONMENT_OF_WEBHOOKS });
  const deliveryId = await storeWebhooks(service);
  await changeSomething(service);
  const now = encodeURIComponent(new Date().toISOString());
  const drawing = await startDrawing(service);
  try {
    for (const { name, path, shows } of PAGES) {
      await drawing.drawInBoth(name, path.replace(':deliveryId', deliveryId).replace(':now', now), shows);
    }
  } finally {
    await drawing.close();
    await service.close();
  }
});
