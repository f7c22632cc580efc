/** Clients that call and cancel through a random replica, and retry when it does not answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { issueToken } from '../../src/auth/token-issuer.js';
import { TEST_SECRET, type Envelope } from '../support/test-app.js';
import type { Cluster } from './cluster.js';

const TARGETS = Array.from({ length: 14 }, (_, index) => String(2000 + index));
/** Of the calls, those to customer service. */
const SERVICE_CALLS = 0.4;
const CALLERS_AT_ONCE = 20;
/** The time-out of a request, whose reply may be lost by a crash or a silence. */
const REQUEST_TIMEOUT_MS = 8_000;
const TRIES = 10;
/** Half of the clients cancel, at a random time up to this. */
const CANCEL_WITHIN_MS = 1_200;

export interface Calling {
  /** Every callSid that a client has received. */
  readonly callSids: Set<string>;
  requests: number;
  failures: number;
  cancels: number;
}

export const makeCalls = async (cluster: Cluster, callerIds: readonly string[]): Promise<Calling> => {
  const calling: Calling = { callSids: new Set(), requests: 0, failures: 0, cancels: 0 };
  const waiting = [...callerIds];

  const ask = async (userId: string, path: string): Promise<Envelope | undefined> => {
    const replica = cluster.replicas[Math.floor(Math.random() * cluster.replicas.length)]!;
    const token = await issueToken(TEST_SECRET, { userId, lifetimeSeconds: 3_600 });
    calling.requests++;
    try {
      const response = await fetch(`${replica.url}/v1/app/${path}?access_token=${token}`, {
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      const reply = (await response.json()) as Envelope;
      if (reply.returnCode >= 500) calling.failures++;
      return reply;
    } catch {
      calling.failures++;
      return undefined;
    }
  };

  const call = async (userId: string): Promise<void> => {
    const target = TARGETS[Math.floor(Math.random() * TARGETS.length)]!;
    const path = Math.random() < SERVICE_CALLS ? 'callService' : `call/${target}`;
    for (let tries = 0; tries < TRIES; tries++) {
      const callSid = (await ask(userId, path))?.data?.callSid;
      if (callSid) {
        calling.callSids.add(callSid);
        await maybeCancel(userId, callSid);
        return;
      }
      await sleep(500);
    }
  };

  const maybeCancel = async (userId: string, callSid: string): Promise<void> => {
    if (Math.random() < 0.5) return;
    await sleep(Math.random() * CANCEL_WITHIN_MS);
    if ((await ask(userId, `callCancel/${callSid}`))?.data) calling.cancels++;
  };

  const keepCalling = async (): Promise<void> => {
    for (let userId = waiting.pop(); userId !== undefined; userId = waiting.pop()) await call(userId);
  };
  await Promise.all(Array.from({ length: CALLERS_AT_ONCE }, keepCalling));
  return calling;
};
