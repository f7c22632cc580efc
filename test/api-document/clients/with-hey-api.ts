/** A backend with a client of hey-api. Prints the outcome of one call as JSON. */
import { createClient } from './generated/client/index.js';
import { createUser, followPlacedCall, placeCall, searchCalls } from './generated/index.js';
import type { ChangeReply, OnCallChangeWebhookPayload } from './generated/index.js';

const [baseUrl = '', adminToken = '', backendToken = ''] = process.argv.slice(2);

const admin = createClient({ baseUrl, auth: adminToken, throwOnError: true });
const backend = createClient({ baseUrl, auth: backendToken, throwOnError: true });

await createUser({
  client: admin,
  throwOnError: true,
  body: { id: '880011', name: 'A customer', phone: '13900881102' },
});
const placed = await placeCall({
  client: backend,
  throwOnError: true,
  body: { caller: { phone: '13900880012' }, callee: { userId: '880011' }, metadata: { ticket: '4711' } },
});
const { callSid } = placed.data;

let stateType: string = placed.data.stateType;
let last: ChangeReply | undefined;
while (stateType !== '4') {
  const { data } = await followPlacedCall({
    client: backend,
    throwOnError: true,
    path: { callSid },
    query: { afterNumber: last?.data.number ?? 0 },
  });
  if (!data) break;
  stateType = data.stateType;
  last = data.changes.at(-1) ?? last;
}
const found = await searchCalls({ client: admin, throwOnError: true, query: { userId: '880011' } });

const endOf = ({ data }: OnCallChangeWebhookPayload) => ({
  endReason: data.endReason,
  cause: data.causes?.B?.cause,
  ticket: data.metadata?.ticket,
});

// @ts-expect-error a misspelt field does not compile
void ((change: OnCallChangeWebhookPayload) => change.data.endReasn);

console.log(JSON.stringify({ ...(last && endOf(last)), found: found.data.items.length }));
