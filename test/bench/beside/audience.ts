/** One stream for each of thousands of calls. Each event must arrive once, in order, on the right stream. */
import { setTimeout as sleep } from 'node:timers/promises';
import { requestBytes } from './connection.js';
import type { Database, LiveCall } from './databases.js';
import { EventStream } from './event-stream.js';
import { measure } from './load.js';
import type { Program } from './program.js';
import { tokensOf } from './tokens.js';
import { deliveryOf } from './webhooks.js';

/** Connections of the provider. */
const CONNECTIONS = 32;
const OPENED_AT_ONCE = 32;
const LATEST_EVENT_MS = 5_000;
/** The wait in which a duplicate event would arrive. */
const SILENCE_MS = 500;

interface Follower {
  readonly call: LiveCall;
  /** The ids of the received events, in order of arrival. */
  readonly numbers: number[];
  /** The number of changes of the call. */
  changes: number;
  /** When the latest webhook about the call was sent. */
  sentAtMs: number;
}

/** A stream for each call, and the events that it received. */
export class Audience {
  sent = 0;
  private readonly faults: string[] = [];
  private readonly streams: EventStream[] = [];
  private next = 0;
  private delaysMs: number[] = [];

  private constructor(
    private readonly service: Program,
    private readonly followers: readonly Follower[],
  ) {}

  /** @returns when all streams have received the first change of their calls */
  static async gather(service: Program, all: readonly LiveCall[], first: number, count: number): Promise<Audience> {
    const calls = all.slice(first, first + count);
    const followers = calls.map((call) => ({ call, numbers: [], changes: 1, sentAtMs: 0 }));
    const tokens = (await tokensOf(first + count)).slice(first);
    const audience = new Audience(service, followers);
    const toOpen = [...followers.entries()];
    await Promise.all(
      Array.from({ length: OPENED_AT_ONCE }, async () => {
        for (let one = toOpen.pop(); one; one = toOpen.pop()) await audience.follow(one[1], tokens[one[0]] ?? '');
      }),
    );
    await audience.untilAllHaveArrived();
    return audience;
  }

  /** Sends webhooks at an even rate, about calls that are far apart. @param to the replica that receives them */
  async sendEvents(
    seconds: number,
    rate: number,
    to: Program = this.service,
  ): Promise<{ events: number; delaysMs: readonly number[] }> {
    this.delaysMs = [];
    const { answered } = await measure(to, {
      connections: CONNECTIONS,
      seconds,
      rate,
      next: () => {
        const follower = this.nextFollower();
        const delivery = deliveryOf(follower.call, follower.changes++ - 1);
        follower.sentAtMs = performance.now();
        return delivery;
      },
    });
    this.sent += answered;
    await this.untilAllHaveArrived();
    return { events: answered, delaysMs: this.delaysMs.sort((one, other) => one - other) };
  }

  leave(): void {
    for (const stream of this.streams) stream.close();
  }

  private async follow(follower: Follower, token: string): Promise<void> {
    const { callSid } = follower.call;
    const request = requestBytes('GET', `/v1/app/callState/${callSid}/stream?access_token=${token}`);
    const stream = await EventStream.open(this.service.url, request, {
      onEvent: ({ number, callSid: eventSid, readAtMs }) => {
        if (eventSid !== callSid) this.faults.push(`an event of ${eventSid} arrived on the stream of ${callSid}`);
        follower.numbers.push(number);
        this.delaysMs.push(readAtMs - follower.sentAtMs);
      },
      onFault: (fault) => this.faults.push(`${callSid}: ${fault}`),
    });
    this.streams.push(stream);
  }

  /** Half of the calls ring and are then answered. None ends, because that would close its stream. */
  private nextFollower(): Follower {
    const half = Math.floor(this.followers.length / 2);
    const follower = this.followers[2 * ((this.next++ * STEP) % half)]!;
    if (follower.changes > 2) throw new Error('there are too few calls for so many events');
    return follower;
  }

  private async untilAllHaveArrived(): Promise<void> {
    const deadline = performance.now() + LATEST_EVENT_MS;
    while (this.followers.some(({ numbers, changes }) => numbers.length < changes) && performance.now() < deadline) {
      await sleep(50);
    }
    await sleep(SILENCE_MS);
    for (const { call, numbers, changes } of this.followers) {
      const right = Array.from({ length: changes }, (_, index) => index + 1);
      if (numbers.join() !== right.join()) {
        this.faults.push(`the stream of ${call.callSid} received ${numbers.join()} of ${right.join()}`);
      }
    }
    if (this.faults.length > 0) {
      throw new Error(`${this.faults.length} faults on streams:\n${this.faults.slice(0, 5).join('\n')}`);
    }
  }
}

/** A prime, so that the steps reach all calls. */
const STEP = 997;

export const verifyStored = async (database: Database, sent: number): Promise<void> => {
  const [row] = await database.query<{ advanced: number }>(
    'select sum(changes - 1)::int as advanced from call_records',
  );
  if (row?.advanced !== sent) throw new Error(`${sent} events were taken and ${row?.advanced ?? 0} are stored`);
};
