/**
 * The one connection of a replica on which it looks for changes, gives hints to the other replicas and hears theirs. What it
 * commits need not survive a crash (`synchronous_commit`): a hint is no truth.
 */
import { randomUUID } from 'node:crypto';
import { TimeoutClient } from '../../postgres/timeout-client.js';
import type { AskInSession } from './change-look.js';
import { HintSenders } from './hint-senders.js';

interface Owner {
  /** The session is new: what was asked before was asked in another one. The connection is of no use until this is done. */
  onConnected(): Promise<void>;
  /** Of another session, `isOurs` where that is one of our role. */
  onNotification(channel: string, payload: string, isOurs: boolean): void;
  /** Whether notifications arrive. Told after each `onConnected`, and when it changes. */
  onHearing(isHearing: boolean): void;
  /** Also when a connection could not be made at first. */
  onLost(error: unknown): void;
}

/** A message to itself has to come back, this often and within that: else the connection is silent, or a pooler's. */
const PROBE_EVERY_MS = 1_000;
const PROBE_LIMIT_MS = 2_000;
const PROBE_CHANNEL = 'ringback_probe';
const CONNECT_LIMIT_MS = 2_000;
const RETRY_AFTER_MS = 250;

export class FeedConnection {
  private client: TimeoutClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private connected = false;
  private closed = false;
  private hearing: boolean | undefined;
  private heardAt = 0;
  private readonly probe = randomUUID();
  /** pg wants one question at a time. */
  private lastAnswer: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly databaseUrl: string,
    private readonly channels: readonly string[],
    private readonly owner: Owner,
  ) {}

  get isConnected(): boolean {
    return this.connected;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Resolves when it is of use, or has failed to be for the first time; it goes on trying. */
  async open(): Promise<void> {
    const client = new TimeoutClient({
      connectionString: this.databaseUrl,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      query_timeout: PROBE_LIMIT_MS,
      application_name: 'ringback listener',
      session: { synchronous_commit: 'off', enable_seqscan: 'off' },
    });
    this.client = client;
    const senders = new HintSenders(this.ask);
    client.on('notification', ({ channel, payload = '', processId }) => {
      // The probes of other replicas make them known before their first hint.
      const isOurs = processId !== client.announcedProcess && senders.isOurs(processId);
      if (channel === PROBE_CHANNEL) this.onProbe(payload);
      else if (processId !== client.announcedProcess) this.owner.onNotification(channel, payload, isOurs);
    });
    client.on('error', (error) => {
      this.lose(client, error);
    });
    client.on('end', () => {
      this.lose(client, new Error('the connection was ended'));
    });
    try {
      await client.connect();
      await client.query([...this.channels, PROBE_CHANNEL].map((channel) => `listen ${channel}`).join(';'));
      if (this.client !== client || this.closed) return;
      this.connected = true;
      this.hearing = undefined;
      await this.owner.onConnected();
      this.heardAt = performance.now();
      await this.probeNow(client);
    } catch (error) {
      this.lose(client, error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.connected = false;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  /** A question that fails to be answered ends the session. */
  readonly ask: AskInSession = async (question) => {
    const { client } = this;
    if (!client || !this.connected) throw new Error('there is no connection to the database');
    const answer = this.lastAnswer.then(() => {
      if (this.client !== client) throw new Error('the connection to the database was lost');
      return client.query(question);
    });
    this.lastAnswer = answer.catch(() => undefined);
    try {
      return await answer;
    } catch (error) {
      this.lose(client, error);
      throw error;
    }
  };

  private async probeNow(client: TimeoutClient): Promise<void> {
    const silentMs = performance.now() - this.heardAt;
    if (silentMs > PROBE_LIMIT_MS) this.setHearing(false);
    await this.ask({ name: 'probe', text: `select pg_notify('${PROBE_CHANNEL}', $1)`, values: [this.probe] });
    if (this.client !== client || this.closed) return;
    this.timer = setTimeout(() => {
      // A failure to ask has been reported.
      this.probeNow(client).catch(() => undefined);
    }, PROBE_EVERY_MS);
  }

  private onProbe(payload: string): void {
    if (payload !== this.probe) return;
    this.heardAt = performance.now();
    this.setHearing(true);
  }

  private setHearing(isHearing: boolean): void {
    if (this.hearing === isHearing || !this.connected) return;
    this.hearing = isHearing;
    this.owner.onHearing(isHearing);
  }

  private lose(client: TimeoutClient, error: unknown): void {
    if (this.client !== client || this.closed) return;
    this.client = undefined;
    this.connected = false;
    clearTimeout(this.timer);
    // Ending politely would wait for the answer of an end that may be gone.
    client.destroy();
    this.owner.onLost(error);
    this.timer = setTimeout(() => void this.open(), RETRY_AFTER_MS);
  }
}
