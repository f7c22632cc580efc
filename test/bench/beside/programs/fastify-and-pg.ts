/**
 * A fast hand-written program: Fastify, one token check, and pg with the same statements as Ringback. Like Ringback, it logs one
 * line per request, except for state polls. It has no sweeper, no cache and no circuit.
 */
import { createSecretKey } from 'node:crypto';
import fastify, { type FastifyRequest, LogController } from 'fastify';
import jwt from 'jsonwebtoken';
import { Pool } from 'pg';
import { Webhook } from 'standardwebhooks';
import type { DataSource } from 'typeorm';
import { request as send } from 'undici';
import { applyCallEvent } from '../../../../src/call/record/apply-call-event.js';
import type { CallEventType } from '../../../../src/call/record/call-lifecycle.js';
import { newCallSid } from '../../../../src/call/record/call-sid.js';
import { openCall } from '../../../../src/call/record/open-call.js';
import { readKeyRing } from '../../../../src/config/key-ring.js';
import { DirectoryService } from '../../../../src/directory/directory.service.js';
import { JWT_SECRET, readGiven, sayUrl, SUB_ACCOUNT_KEYS, WEBHOOK_SECRET } from '../given.js';

const { databaseUrl, poolSize, providerUrl } = readGiven();
const pool = new Pool({ connectionString: databaseUrl, max: poolSize });
/** Our statements use only the pool of a DataSource. */
const statements = { driver: { master: pool } } as unknown as DataSource;
const directory = new DirectoryService(statements, readKeyRing(SUB_ACCOUNT_KEYS));
const key = createSecretKey(Buffer.from(JWT_SECRET));
const webhook = new Webhook(WEBHOOK_SECRET);
const LONGEST_STAYS = [90, 120, 14_400];

const server = fastify({ logger: true, logController: new LogController({ disableRequestLogging: true }) });
server.addHook('onResponse', (request, reply, done) => {
  const path = request.url.split('?', 1)[0];
  request.log.info({ method: request.method, path, status: reply.statusCode, ms: reply.elapsedTime }, 'request');
  done();
});
server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
  done(null, body);
});

const userOf = ({ query }: FastifyRequest): string => {
  const { access_token: token } = query as { access_token: string };
  return (jwt.verify(token, key, { algorithms: ['HS256'] }) as { sub: string }).sub;
};
const success = (data: object) => ({ data, returnCode: 200, returnMsg: 'success' });

server.get<{ Params: { callSid: string } }>('/v1/app/callState/:callSid', { logLevel: 'warn' }, async (request) => {
  const userId = userOf(request);
  const { rows } = await pool.query<{ callerId: string; state: number }>({
    name: 'call-state',
    text: 'select caller_id as "callerId", state, changes as number from call_records where call_sid = $1',
    values: [request.params.callSid],
  });
  if (rows[0]?.callerId !== userId) return { returnCode: 400, returnMsg: '用户信息有误!' };
  return success({ stateType: String(rows[0].state) });
});

server.get<{ Params: { targetId: string } }>('/v1/app/call/:targetId', async (request) => {
  const callerId = userOf(request);
  const calleeId = request.params.targetId;
  const parties = await directory.findParties(callerId, calleeId);
  const subAccount = parties.subAccount('simulator');
  if (!parties.callerPhone || !parties.calleePhone || !subAccount) throw new Error('a party is missing');
  const { callerPhone, calleePhone } = parties;
  const { callSid, isNew } = await openCall(statements, {
    callSid: newCallSid(new Date()),
    callerId,
    callerPhone,
    calleeId,
    serviceLineId: null,
    calleePhone,
    provider: 'simulator',
    route: '',
    subAccount: subAccount.externalId,
    waitsForDialSlot: false,
    dialTimeoutSeconds: 5,
    longestRequestedSeconds: 90,
  });
  if (!isNew) return success({ callSid });
  const { statusCode, body } = await send(`${providerUrl}/calls`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ callSid, callerPhone, calleePhone }),
  });
  const { callId } = (await body.json()) as { callId: string };
  if (statusCode !== 201) throw new Error(`the provider answered ${statusCode}`);
  const accepted = { provider: 'ringback', eventId: `${callSid}:accepted`, callSid, type: 'accepted' } as const;
  await applyCallEvent(statements, { ...accepted, occurredAt: null, providerCallId: callId }, LONGEST_STAYS);
  return success({ callSid });
});

interface WebhookBody {
  readonly type: string;
  readonly call: { readonly id: string; readonly reference: string };
  readonly occurredAt: string;
  readonly endReason?: 'completed';
}

server.post('/v1/webhooks/simulator', async ({ body, headers }, reply) => {
  const { type, call, occurredAt, endReason } = webhook.verify(
    body as Buffer,
    headers as Record<string, string>,
  ) as WebhookBody;
  await applyCallEvent(
    statements,
    {
      provider: 'simulator',
      eventId: String(headers['webhook-id']),
      callSid: call.reference,
      type: type.slice('call.'.length) as CallEventType,
      occurredAt: new Date(occurredAt),
      endReason,
      providerCallId: call.id,
    },
    LONGEST_STAYS,
  );
  return reply.code(204).send();
});

process.once('SIGTERM', () => {
  void server.close().then(() => pool.end());
});
sayUrl(await server.listen({ host: '127.0.0.1', port: 0 }));
