import { requestBytes } from './connection.js';
import type { ContenderName } from './contenders.js';
import { putLiveCalls } from './databases.js';
import type { Question } from './load.js';
import { tokensOf } from './tokens.js';
import { timesTheirs, type Work } from './work.js';

const LIVE_CALLS = 1_000;

const stateAnswer = (state: number): string =>
  `{"data":{"stateType":"${state}"},"returnCode":200,"returnMsg":"success"}`;

/** Contenders that always send the same answer. */
const CONSTANT_ANSWER: readonly ContenderName[] = ['bare Fastify', 'the load’s ceiling'];

/** The request that every caller in a call sends every second. */
export const STATE_POLL: Work = {
  name: 'state',
  title: `state poll: GET /v1/app/callState, 64 connections, ${LIVE_CALLS} live calls of as many users`,
  contenders: ['Ringback', 'bare Fastify', 'Fastify and pg', 'NestJS on Express', 'the load’s ceiling'],
  targets: [
    timesTheirs(0.5, 'bare Fastify'),
    timesTheirs(2, 'Fastify and pg'),
    timesTheirs(12, 'NestJS on Express'),
    {
      text: 'p99 no longer than that of Fastify and pg',
      of: 'Fastify and pg',
      figure: (ours, theirs) => `${ours.p99Ms.toFixed(1)} ms to ${theirs.p99Ms.toFixed(1)} ms`,
      isReached: (ours, theirs) => ours.p99Ms <= theirs.p99Ms,
    },
  ],
  load: { connections: 64 },
  async prepare({ name, database }) {
    const calls = await putLiveCalls(database, LIVE_CALLS);
    const tokens = await tokensOf(LIVE_CALLS);
    const questions = calls.map(({ callSid, state }, index): Question => {
      const right = stateAnswer(CONSTANT_ANSWER.includes(name) ? 3 : state);
      return {
        bytes: requestBytes('GET', `/v1/app/callState/${callSid}?access_token=${tokens[index] ?? ''}`),
        isRight: ({ status, body }) => status === 200 && body === right,
      };
    });
    let asked = 0;
    return () => questions[asked++ % questions.length]!;
  },
};
