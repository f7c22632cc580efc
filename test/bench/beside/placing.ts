import { requestBytes } from './connection.js';
import type { Contender } from './contenders.js';
import { CALLEE, callerOf, CALLERS, putLiveCalls } from './databases.js';
import type { Question } from './load.js';
import { tokensOf } from './tokens.js';
import { timesTheirs, type Work } from './work.js';

/** Calls of other callers, so that the tables are not empty. */
const CALLS_BEFORE = 1_000;
const PLACED = /^\{"data":\{"callSid":"\d{32}"\},"returnCode":200,"returnMsg":"success"\}$/;

/** Each request is the first one of its caller. */
export const placeCalls = async (
  firstCaller: number,
  calleeOf: (caller: number) => string = () => CALLEE,
): Promise<() => Question> => {
  const tokens = await tokensOf(CALLERS);
  let next = firstCaller;
  return () => {
    const caller = next++;
    const token = tokens[caller];
    if (token === undefined) throw new Error('there are too few callers for so many calls');
    return {
      bytes: requestBytes('GET', `/v1/app/call/${calleeOf(caller)}?access_token=${token}`),
      isRight: ({ status, body }) => status === 200 && PLACED.test(body),
    };
  };
};

const prepare = async ({ name, database }: Contender): Promise<() => Question> => {
  await putLiveCalls(database, CALLS_BEFORE);
  return name === 'the provider alone' ? () => DIAL : placeCalls(CALLS_BEFORE);
};

const DIAL: Question = {
  bytes: requestBytes(
    'POST',
    '/calls',
    { 'content-type': 'application/json' },
    JSON.stringify({ callSid: '0'.repeat(32), callerPhone: '+8613900001001', calleePhone: '+8613800002013' }),
  ),
  isRight: ({ status, body }) => status === 201 && body.startsWith('{"callId":"SIM'),
};

const verify = async ({ name, database }: Contender, answered: number): Promise<void> => {
  if (name === 'the provider alone') return;
  const [row] = await database.query<{ placed: number }>(
    'select count(*)::int as placed from call_records where state = 1 and provider_call_id is not null',
  );
  if (row?.placed !== answered)
    throw new Error(`${name} answered ${answered} times and placed ${row?.placed ?? 0} calls`);
};

export const PLACING: Work = {
  name: 'placing',
  title: 'placing a call: GET /v1/app/call, 64 connections; the provider replies to a dial after 20 ms',
  contenders: ['Ringback', 'Fastify and pg'],
  targets: [timesTheirs(0.9, 'Fastify and pg')],
  load: { connections: 64 },
  prepare,
  verify,
};

/** Each call has a callee of its own, so that limits of callees are checked and never reached. */
export const PLACING_TO_MANY: Work = {
  ...PLACING,
  title: 'placing a call: the same, each to another number',
  prepare: async ({ database }) => {
    await putLiveCalls(database, CALLS_BEFORE);
    return placeCalls(CALLS_BEFORE, (caller) => callerOf(CALLERS - 1 - caller));
  },
};

/** At a fixed pace, because at full load the latency is mostly time in the queue. */
export const PLACING_AT_A_PACE: Work = {
  name: 'placing',
  title: 'placing a call: the same, 100 calls a second',
  contenders: ['Ringback', 'Fastify and pg', 'the provider alone'],
  targets: [
    {
      text: 'p99 within 10 ms of that of the provider alone',
      of: 'the provider alone',
      figure: (ours, theirs) => `${(ours.p99Ms - theirs.p99Ms).toFixed(1)} ms`,
      isReached: (ours, theirs) => ours.p99Ms <= theirs.p99Ms + 10,
    },
  ],
  load: { connections: 64, rate: 100 },
  prepare,
  verify,
};
