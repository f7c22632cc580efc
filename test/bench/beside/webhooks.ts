import { createHmac } from 'node:crypto';
import { requestBytes } from './connection.js';
import { putLiveCalls, type LiveCall } from './databases.js';
import { WEBHOOK_SECRET } from './given.js';
import type { Question } from './load.js';
import { timesTheirs, type Work } from './work.js';

const CONNECTIONS = 64;
/** More than any contender can handle. */
const MAX_EVENTS_A_SECOND = 6_000;
/** Each event changes the record. */
const STORY = [{ type: 'call.ringing' }, { type: 'call.answered' }, { type: 'call.ended', endReason: 'completed' }];
const KEY = Buffer.from(WEBHOOK_SECRET.slice('whsec_'.length), 'base64');

/** Signs like the simulator's sender, but with Node's own HMAC, which is faster. */
export const deliveryOf = ({ callSid }: LiveCall, number: number): Question => {
  const callId = `SIM${callSid}`;
  const now = new Date();
  const id = `${callId}-${number}`;
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const call = { id: callId, reference: callSid };
  const body = JSON.stringify({ ...STORY[number], call, occurredAt: now.toISOString(), detail: { leg: 'B' } });
  const signature = createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    bytes: requestBytes(
      'POST',
      '/v1/webhooks/simulator',
      {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      },
      body,
    ),
    isRight: ({ status, body: reply }) => status === 204 && reply === '',
  };
};

/** Sends all events of a call on one connection, so that each arrives after the previous one was accepted. */
export const sendStories = (calls: readonly LiveCall[]): ((connection: number) => Question) => {
  const stories = calls.map((call) => STORY.map((_, number) => deliveryOf(call, number)));
  const toSend: Question[][] = Array.from({ length: CONNECTIONS }, () => []);
  return (connection) => {
    const next = toSend[connection]?.shift();
    if (next) return next;
    const [first, ...more] = stories.pop() ?? [];
    if (!first) throw new Error('there are too few calls for so many events');
    toSend[connection] = more;
    return first;
  };
};

export const WEBHOOKS: Work = {
  name: 'webhooks',
  title: `webhook in: POST /v1/webhooks/simulator, ${CONNECTIONS} connections, signature checked, record advanced`,
  contenders: ['Ringback', 'Fastify and pg', 'NestJS on Express'],
  targets: [timesTheirs(0.8, 'Fastify and pg'), timesTheirs(2, 'NestJS on Express')],
  load: { connections: CONNECTIONS },
  async prepare({ database }, seconds) {
    const calls = await putLiveCalls(database, Math.ceil((seconds * MAX_EVENTS_A_SECOND) / STORY.length), 1);
    return sendStories(calls);
  },
  async verify({ name, database }, answered) {
    const [row] = await database.query<{ advanced: number; stored: number }>(
      `select (select sum(changes - 1)::int from call_records) as advanced,
         (select count(*)::int from call_events where provider = 'simulator') as stored`,
    );
    const wrong = row?.advanced !== answered || row.stored !== answered;
    if (wrong) throw new Error(`${name} took ${answered} events and has ${JSON.stringify(row)}`);
  },
};
