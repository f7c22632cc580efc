/** The client side of the contract. Each request has a total time limit, and each reply a size limit. */
import { boundedText } from '../common/bounded-text.js';
import type { CallState } from './call-line.js';
import { statesOf } from './state-stream.js';
import { startLimit, withinLimit } from '../common/time-limit.js';

/** In bytes. */
const LONGEST_REPLY = 100_000;

export interface Reply {
  readonly returnCode: number;
  readonly returnMsg: string;
  readonly data?: { readonly callSid?: string; readonly stateType?: string };
}

export class Client {
  constructor(
    private readonly baseUrl: string,
    private readonly token: string,
    private readonly replyLimitMs: number,
  ) {}

  async ask(path: string): Promise<Reply> {
    return withinLimit(this.replyLimitMs, async (limit) => this.replyIn(await this.fetch(path, {}, limit), limit));
  }

  states(callSid: string): AsyncGenerator<CallState> {
    return statesOf(async (lastEventId) => {
      const limit = new AbortController();
      const endLimit = startLimit(this.replyLimitMs, () => {
        limit.abort(new DOMException('no reply', 'TimeoutError'));
      });
      try {
        const resume: Record<string, string> = lastEventId === null ? {} : { 'last-event-id': lastEventId };
        const response = await this.fetch(`callState/${callSid}/stream`, resume, limit.signal);
        const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
        if (response.body && isStream) return response.body;
        throw new Error(saidBy(await this.replyIn(response, limit.signal)));
      } finally {
        endLimit();
      }
    });
  }

  private async fetch(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const authorization = `Bearer ${this.token}`;
    try {
      return await fetch(`${this.baseUrl}/v1/app/${path}`, { headers: { ...headers, authorization }, signal });
    } catch (cause) {
      throw this.failure(signal, `Nothing answers at ${this.baseUrl}. Is it running? npm start`, cause);
    }
  }

  private async replyIn(response: Response, signal: AbortSignal): Promise<Reply> {
    const notOurs = `What answers at ${this.baseUrl} is not Ringback.`;
    try {
      const reply = JSON.parse(await boundedText(response, LONGEST_REPLY)) as Partial<Reply> | null;
      if (reply?.returnCode !== undefined) return withReason(reply as Reply, response);
    } catch (cause) {
      throw this.failure(signal, notOurs, cause);
    }
    throw new Error(notOurs);
  }

  private failure({ aborted }: AbortSignal, otherwise: string, cause: unknown): Error {
    const seconds = this.replyLimitMs / 1_000;
    const text = aborted ? `${this.baseUrl} has not replied within ${seconds} s.` : otherwise;
    return new Error(text, { cause });
  }
}

/** Of a refused token, the reason is in the header (RFC 6750, 3); of another request, its name in English is. */
const withReason = (reply: Reply, { headers }: Response): Reply => {
  const [, reason] = /error_description="([^"]*)"/.exec(headers.get('www-authenticate') ?? '') ?? [];
  const name = headers.get('x-ringback-error');
  const more = reason ?? (name === null ? undefined : `(${name})`);
  return more === undefined ? reply : { ...reply, returnMsg: `${reply.returnMsg} ${more}` };
};

export const saidBy = ({ returnCode, returnMsg }: Reply): string => `${returnCode} ${returnMsg}`;
