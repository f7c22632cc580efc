/** One stream of a call's changes, read from a raw socket, because thousands of them must cost the load very little. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface StreamedEvent {
  /** The event's id. */
  readonly number: number;
  readonly callSid: string;
  readonly stateType: string;
  /** By performance.now(). */
  readonly readAtMs: number;
}

interface Listener {
  onEvent(event: StreamedEvent): void;
  /** The service has sent all events and ended the stream. */
  onEnd?(): void;
  onFault(fault: string): void;
}

const HEAD_END = '\r\n\r\n';
/** Each event is one HTTP chunk. The pattern includes the chunk's size line. */
const EVENT = /^(?:\r\n)?[0-9a-f]+\r\nid: (\d+)\ndata: (\{.*\})$/;
const COMMENT = /^(?:\r\n)?[0-9a-f]+\r\n:$/;
const LAST_CHUNK = /^(?:\r\n)?0\r\n\r\n$/;

export class EventStream {
  private text = '';
  private head = '';
  private readonly opened: Promise<void>;
  private isClosing = false;

  private constructor(
    private readonly socket: Socket,
    private readonly listener: Listener,
  ) {
    this.opened = new Promise((resolve, reject) => {
      socket.on('data', (chunk: Buffer) => {
        this.onData(chunk.toString('latin1'));
        if (this.head !== '') resolve();
      });
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error('a stream was not opened'));
        if (!this.isClosing) this.listener.onFault('a stream was closed');
      });
    });
  }

  /** @returns when the response head has arrived */
  static async open(url: string, request: Buffer, listener: Listener): Promise<EventStream> {
    const { hostname, port } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    const stream = new EventStream(socket, listener);
    await once(socket, 'connect');
    socket.write(request);
    await stream.opened;
    return stream;
  }

  /** Later data is ignored. */
  close(): void {
    this.isClosing = true;
    this.socket.destroy();
  }

  private onData(text: string): void {
    const readAtMs = performance.now();
    this.text += text;
    if (this.head === '' && !this.takeHead()) return;
    const blocks = this.text.split('\n\n');
    this.text = blocks.pop() ?? '';
    for (const block of blocks) {
      const [, number, data] = EVENT.exec(block) ?? [];
      if (data !== undefined) {
        const { callSid, stateType } = (JSON.parse(data) as { data: { callSid: string; stateType: string } }).data;
        this.listener.onEvent({ number: Number(number), callSid, stateType, readAtMs });
      } else if (!COMMENT.test(block)) this.listener.onFault(`not an event: ${block.slice(0, 200)}`);
    }
    if (LAST_CHUNK.test(this.text)) this.listener.onEnd?.();
  }

  private takeHead(): boolean {
    const end = this.text.indexOf(HEAD_END);
    if (end < 0) return false;
    this.head = this.text.slice(0, end);
    this.text = this.text.slice(end + HEAD_END.length);
    if (!this.head.startsWith('HTTP/1.1 200 '))
      this.listener.onFault(`a stream was answered ${this.head.split('\r\n', 1)[0] ?? ''}`);
    return true;
  }
}
