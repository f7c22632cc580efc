/** For a backend: calls between any two phones, placed with an API key or a token of scope `calls:write`. */
import { bodyOf, Connection, type ConnectionOptions } from './connection.js';
import type { components } from './schema.js';
import { watchCall, type CallChange, type LongPoll, type WatchOptions } from './watch.js';

export { RingbackError, type AppErrorCode, type ErrorCode, type Problem } from './ringback-error.js';
export type { CallChange, ConnectionOptions, WatchOptions };

export type NewCall = components['schemas']['NewCall'];
export type PlacedCall = components['schemas']['PlacedCallReply'];
export type CancelReply = components['schemas']['CancelReply'];

export interface PlaceOptions {
  /** A request that is repeated with the same key is the same call. Default: a new key for each request. */
  readonly idempotencyKey?: string;
}

/** Each method throws a `RingbackError` if it fails. */
export class RingbackBackend {
  readonly #connection: Connection;

  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
  }

  async call(call: NewCall, { idempotencyKey = crypto.randomUUID() }: PlaceOptions = {}): Promise<PlacedCall> {
    const headers = { 'idempotency-key': idempotencyKey };
    return bodyOf(await this.#connection.send('/v1/calls', { method: 'POST', headers, body: call }));
  }

  async get(callSid: string): Promise<PlacedCall> {
    return bodyOf(await this.#connection.send(pathOf(callSid), {}));
  }

  /** The `outcome` says whether the cancel or the call came first. */
  async cancel(callSid: string, options: { readonly before?: '2' | '3' } = {}): Promise<CancelReply> {
    return bodyOf(await this.#connection.send(`${pathOf(callSid)}/cancel`, { method: 'POST', body: options }));
  }

  /** `for await (const change of backend.watch(callSid))`. Many calls are better followed by webhooks. */
  watch(callSid: string, options: WatchOptions = {}): AsyncGenerator<CallChange, void, void> {
    const path = `${pathOf(callSid)}/events`;
    const source = {
      connection: this.#connection,
      streamPath: path,
      longPollPath: path,
      longPollIn: bodyOf<LongPoll>,
    };
    return watchCall(source, options);
  }
}

const pathOf = (callSid: string): string => `/v1/calls/${encodeURIComponent(callSid)}`;
