/** For an app of the users: the four requests of the contract, and the changes of a call as they happen. */
import { bodyOf, Connection, refusalOf, type ConnectionOptions } from './connection.js';
import { watchCall, type CallChange, type LongPoll, type WatchOptions } from './watch.js';

export { RingbackError, type AppErrorCode, type ErrorCode, type Problem } from './ringback-error.js';
export type { CallChange, ConnectionOptions, WatchOptions };

/** 1 the caller's own phone is rung, 2 the other party's phone rings, 3 the two are connected, 4 over. */
export type StateType = '1' | '2' | '3' | '4';

export interface CancelOptions {
  /** Cancel only a call that has not reached this state. */
  readonly before?: '2' | '3';
}

interface Envelope<Data> {
  readonly data?: Data;
  readonly returnCode: number;
  readonly returnMsg: string;
}

/** Each method throws a `RingbackError` if it fails. */
export class Ringback {
  readonly #connection: Connection;

  constructor(options: ConnectionOptions) {
    this.#connection = new Connection(options);
  }

  /**
   * Rings the phone of the token's user, then the target's, and connects them. If that call is open already, this is it.
   * @param targetId the user id of the callee, a Long
   * @returns the callSid, 32 digits
   */
  async call(targetId: string | bigint): Promise<string> {
    return (await this.#ask<{ callSid: string }>(`call/${encodeURIComponent(String(targetId))}`)).callSid;
  }

  /** @returns the callSid of a call to the first service line that is open and not busy */
  async callService(): Promise<string> {
    return (await this.#ask<{ callSid: string }>('callService')).callSid;
  }

  /** Hangs up. It fails with CANCEL_FAILED if the call is over, or has reached the state in `before`. */
  async cancel(callSid: string, { before }: CancelOptions = {}): Promise<void> {
    await this.#ask(`callCancel/${encodeURIComponent(callSid)}`, { before });
  }

  async state(callSid: string): Promise<StateType> {
    return (await this.#ask<{ stateType: StateType }>(`callState/${encodeURIComponent(callSid)}`)).stateType;
  }

  /** `for await (const change of ringback.watch(callSid))`. Ends after the change with `stateType` `4`. */
  watch(callSid: string, options: WatchOptions = {}): AsyncGenerator<CallChange, void, void> {
    const path = `/v1/app/callState/${encodeURIComponent(callSid)}`;
    const source = {
      connection: this.#connection,
      streamPath: `${path}/stream`,
      longPollPath: path,
      longPollIn: dataOf<LongPoll>,
    };
    return watchCall(source, options);
  }

  async #ask<Data>(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Data> {
    return dataOf<Data>(await this.#connection.send(`/v1/app/${path}`, query ? { query } : {}));
  }
}

/** The failures that the contract defines have HTTP status 200. */
const dataOf = async <Data>(response: Response): Promise<Data> => {
  const envelope = await bodyOf<Envelope<Data>>(response);
  if (envelope.data === undefined) throw await refusalOf(response, envelope);
  return envelope.data;
};
