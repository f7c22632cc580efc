/** The backend of the app. It signs a token for the user who is signed in, and hears of every call by webhook. */
import { fileURLToPath } from 'node:url';
import express from 'express';
import { SignJWT } from 'jose';
import { ringbackApi } from 'ringback-client/api';
import { verifyWebhook, WebhookError } from 'ringback-client/webhooks';

const { RINGBACK_URL, JWT_SECRET, PORT, OWN_URL = `http://localhost:${PORT}` } = process.env;

const tokenOf = (subject, scope) =>
  new SignJWT(scope ? { scope } : {})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setExpirationTime('10m')
    .sign(new TextEncoder().encode(JWT_SECRET));

/** An endpoint for this run. A real backend registers once, and keeps the secret. */
const registerWebhooks = async () => {
  const admin = ringbackApi({ url: RINGBACK_URL, token: () => tokenOf('1001', 'admin') });
  const url = `${OWN_URL}/ringback`;
  // Those of earlier runs sign with secrets that this run does not know.
  const { data: known } = await admin.GET('/v1/admin/webhook-endpoints');
  for (const endpoint of known?.items.filter((one) => one.url === url) ?? []) {
    await admin.DELETE('/v1/admin/webhook-endpoints/{endpointId}', { params: { path: { endpointId: endpoint.id } } });
  }
  const { data, error } = await admin.POST('/v1/admin/webhook-endpoints', { body: { url, eventTypes: ['call.over'] } });
  if (error) throw new Error(error.errors?.[0]?.what ?? error.detail);
  return data.secret;
};

/** A real app has a sign-in. Here everybody is the demo user 1001. */
const signedInUser = () => '1001';

/** By callSid, because a webhook may come twice. A real app has a table. */
const finished = new Map();
let secret = '';

const app = express();
app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));
app.use('/ringback-client', express.static(fileURLToPath(new URL('.', import.meta.resolve('ringback-client')))));

app.get('/config', (_request, response) => response.json({ ringback: RINGBACK_URL }));
app.get('/token', async (_request, response) => response.type('text').send(await tokenOf(signedInUser())));
app.get('/calls', (_request, response) => response.json([...finished.values()].reverse()));

app.post('/ringback', express.raw({ type: 'application/json' }), async (request, response) => {
  try {
    const { type, data } = await verifyWebhook(request.headers, request.body, secret);
    if (type === 'call.over') finished.set(data.callSid, { endReason: data.endReason, talkSeconds: data.talkSeconds });
    response.status(204).end();
  } catch (error) {
    if (!(error instanceof WebhookError)) throw error;
    response.status(401).end();
  }
});

app.listen(Number(PORT), '127.0.0.1', async () => {
  secret = await registerWebhooks();
  console.log(`Open ${OWN_URL} and press the button.`);
});
