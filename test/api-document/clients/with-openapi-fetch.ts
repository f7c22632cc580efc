/** A backend with the types of openapi-typescript and the client openapi-fetch. Prints the outcome of one call as JSON. */
import createClient from 'openapi-fetch';
import type { components, paths, webhooks } from './types.js';

const [baseUrl = '', adminToken = '', backendToken = ''] = process.argv.slice(2);

const admin = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${adminToken}` } });
const backend = createClient<paths>({ baseUrl, headers: { authorization: `Bearer ${backendToken}` } });

const user = await admin.POST('/v1/admin/users', { body: { id: '880001', name: 'A customer', phone: '13900880001' } });
if (user.error) throw new Error(user.error.detail);

const placed = await backend.POST('/v1/calls', {
  body: { caller: { phone: '13900880002' }, callee: { userId: '880001' }, metadata: { ticket: '4711' } },
  params: { header: { 'Idempotency-Key': 'openapi-fetch' } },
});
if (placed.error) throw new Error(placed.error.detail);
const { callSid } = placed.data;

let stateType: string = placed.data.stateType;
let last: components['schemas']['ChangeReply'] | undefined;
while (stateType !== '4') {
  const polled = await backend.GET('/v1/calls/{callSid}/events', {
    params: { path: { callSid }, query: { afterNumber: last?.data.number ?? 0 } },
  });
  if (!polled.data) throw new Error(JSON.stringify(polled.error));
  if (!('changes' in polled.data)) throw new Error('no long poll');
  stateType = polled.data.stateType;
  last = polled.data.changes.at(-1) ?? last;
}

/** The handler of a webhook has its type too. */
type Received = webhooks['callChange']['post']['requestBody']['content']['application/json'];
const endOf = ({ data }: Received) => ({
  endReason: data.endReason,
  cause: data.causes?.B?.cause,
  ticket: data.metadata?.ticket,
});

// @ts-expect-error a misspelt field does not compile
void ((change: Received) => change.data.endReasn);

console.log(JSON.stringify(last && endOf(last)));
