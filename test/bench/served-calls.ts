/** Calls through the whole service, placed and followed as an app does: over HTTP, with the stream of the call's changes. */
import { Agent, request } from 'undici';
import { issueToken } from '../../src/auth/token-issuer.js';
import { WITHOUT_LIMITS } from '../support/without-limits.js';

const SECRET = 'a secret that only the bench knows: 32 bytes and more';
/** Enough connections that the bench's own client never waits for one. */
const CONNECTIONS = 1_000;

export const SERVICE_ENVIRONMENT = {
  ...WITHOUT_LIMITS,
  JWT_SECRET: SECRET,
  SUB_ACCOUNT_KEYS: `bench:${Buffer.alloc(32, 'k').toString('base64')}`,
};

export interface ServedCaller {
  /** Resolves when the call is over. @returns the milliseconds until leg B answered */
  call(): Promise<number>;
}

export interface ServedCalls {
  readonly callers: readonly ServedCaller[];
  close(): Promise<void>;
}

/** Creates `count` pairs of users with these two numbers, through the admin API. The callers use the replicas in turn. */
export const bringCallers = async (
  urls: readonly string[],
  count: number,
  callerPhone: string,
  calleePhone: string,
): Promise<ServedCalls> => {
  const [first = ''] = urls;
  const dispatcher = new Agent({ connections: CONNECTIONS });
  const token = (userId: string, scope?: string) =>
    issueToken(SECRET, { userId, lifetimeSeconds: 3_600, ...(scope !== undefined && { scope }) });
  const admin = await token('1', 'admin');
  const put = async (path: string, body: object): Promise<void> => {
    const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
    const init = { method: 'PUT', dispatcher, headers, body: JSON.stringify(body) } as const;
    const { statusCode, body: reply } = await request(`${first}/v1/admin/${path}`, init);
    const text = await reply.text();
    if (statusCode >= 300) throw new Error(`${path}: ${statusCode} ${text}`);
  };
  const ids = Array.from({ length: count }, (_, index) => 700_000 + 2 * index);
  const people = ids.flatMap((id) => [
    { id: String(id), name: 'caller', phone: callerPhone },
    { id: String(id + 1), name: 'callee', phone: calleePhone },
  ]);
  await put('users', { users: people });
  const callers: ServedCaller[] = [];
  for (const [index, id] of ids.entries()) {
    const url = urls[index % urls.length] ?? first;
    await put(`users/${id}/sub-accounts/asterisk`, { externalId: String(id), secret: 'none' });
    const authorization = `Bearer ${await token(String(id))}`;
    const get = async (path: string) =>
      (await request(`${url}/v1/app/${path}`, { dispatcher, headers: { authorization } })).body;
    callers.push({
      async call() {
        const start = performance.now();
        const reply = (await (await get(`call/${id + 1}`)).json()) as { data?: { callSid: string }; returnMsg: string };
        if (!reply.data) throw new Error(reply.returnMsg);
        let answeredAfterMs = NaN;
        let received = '';
        for await (const chunk of await get(`callState/${reply.data.callSid}/stream`)) {
          received += String(chunk);
          if (Number.isNaN(answeredAfterMs) && received.includes('"call.answered"')) {
            answeredAfterMs = performance.now() - start;
          }
        }
        if (!received.includes('"endReason":"completed"')) throw new Error(`a call went amiss: ${received}`);
        return answeredAfterMs;
      },
    });
  }
  return { callers, close: () => dispatcher.close() };
};
