/** A desk that watches live calls. It keeps what it was sent, over several connections, and notes what is missing or doubled. */
import { once } from 'node:events';
import { get, type ClientRequest, type IncomingMessage } from 'node:http';
import type { CallChange } from '../../src/call/record/call-change.js';
import type { TestApp } from './test-app.js';

export interface WatchedCall {
  readonly callSid: string;
  readonly stateType: string;
  readonly changes: number;
  readonly callerPhone: string;
  readonly calleePhone: string;
  readonly provider: string;
}

interface EventData {
  readonly calls?: readonly WatchedCall[] | number;
  readonly changes?: readonly { readonly change: CallChange; readonly call: WatchedCall }[];
  readonly gone?: readonly string[];
  readonly reason?: string;
}

export class Desk {
  /** By callSid, the number of the last change. */
  readonly calls = new Map<string, number>();
  readonly shown = new Map<string, WatchedCall>();
  readonly changes: string[] = [];
  readonly gone: string[] = [];
  readonly resets: string[] = [];
  readonly faults: string[] = [];
  pictures = 0;
  lastId = '';
  private request: ClientRequest | undefined;
  response: IncomingMessage | undefined;
  ended: Promise<void> = Promise.resolve();
  private readonly over = new Set<string>();

  constructor(
    private readonly query = '',
    private readonly scope = 'admin',
  ) {}

  async open({ url, token }: Pick<TestApp, 'url' | 'token'>): Promise<number> {
    const headers = {
      authorization: `Bearer ${await token('1001', this.scope)}`,
      ...(this.lastId !== '' && { 'last-event-id': this.lastId }),
    };
    const request = get(`${url}/v1/admin/calls/stream${this.query}`, { headers, agent: false });
    this.request = request;
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    this.response = response;
    request.on('error', () => undefined);
    let rest = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.take(block);
    });
    this.ended = new Promise((resolve, reject) => {
      response.once('end', resolve).once('error', reject);
    });
    this.ended.catch(() => undefined);
    return response.statusCode ?? 0;
  }

  close(): void {
    this.request?.destroy();
  }

  private take(block: string): void {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const data = field('data');
    if (data !== undefined) this.handle(field('event') ?? '', JSON.parse(data) as EventData);
    this.lastId = field('id') ?? this.lastId;
  }

  private handle(event: string, { calls, changes = [], gone = [], reason }: EventData): void {
    if (event === 'reset') {
      this.resets.push(reason ?? '');
      this.calls.clear();
      this.shown.clear();
    }
    if (event === 'live') {
      this.pictures++;
      if (calls !== this.calls.size)
        this.faults.push(`${this.calls.size} calls, and ${JSON.stringify(calls)} are live`);
    }
    if (event === 'calls') for (const call of calls as readonly WatchedCall[]) this.takeCall(call);
    if (event === 'changes') {
      for (const { change, call } of changes) this.takeChange(change, call);
      for (const callSid of gone) {
        if (!this.calls.delete(callSid)) this.faults.push(`${callSid} is gone, and was not there`);
        this.gone.push(callSid);
      }
    }
  }

  private takeCall(call: WatchedCall): void {
    if (this.calls.has(call.callSid)) this.faults.push(`${call.callSid} is in the picture twice`);
    this.calls.set(call.callSid, call.changes);
    this.shown.set(call.callSid, call);
  }

  private takeChange({ data: { callSid, number, stateType } }: CallChange, call: WatchedCall): void {
    const expected = (this.calls.get(callSid) ?? 0) + 1;
    if (number !== expected) this.faults.push(`${callSid}: change ${number} in place of ${expected}`);
    if (this.over.has(callSid)) this.faults.push(`${callSid}: change ${number} after the end`);
    this.changes.push(`${callSid} ${number}`);
    this.shown.set(callSid, call);
    if (stateType === '4') {
      this.over.add(callSid);
      this.calls.delete(callSid);
    } else this.calls.set(callSid, number);
  }
}
