/**
 * The connection of a replica for looks, for hints to the other replicas and for notifications from them. Its commits
 * need not survive a crash (`synchronous_commit`), because a lost hint loses no change.
 */
import { randomUUID } from 'node:crypto';
import { TimeoutClient } from '../../postgres/timeout-client.js';
import type { AskInSession } from './change-look.js';
import { HintSenders } from './hint-senders.js';

interface Owner {
  /**
   * A new session: state of the previous one is invalid. The connection is not used for anything else until this
   * resolves.
   */
  onConnected(): Promise<void>;
  /** From another session; `isOurs` if that session has our role. */
  onNotification(channel: string, payload: string, isOurs: boolean): void;
  /** Whether notifications arrive. Called after each `onConnected` and on every change. */
  onHearing(isHearing: boolean): void;
  /** Also called if the first connection fails. */
  onLost(error: unknown): void;
}

/**
 * The connection sends itself a message at this interval. If PostgreSQL does not answer within the limit, the connection is dead.
 * If it does and the messages do not come back, the connection belongs to a pooler.
 */
const PROBE_EVERY_MS = 1_000;
const PROBE_LIMIT_MS = 2_000;
const MOST_UNHEARD_PROBES = 2;
const PROBE_CHANNEL = 'ringback_probe';
const CONNECT_LIMIT_MS = 2_000;
const RETRY_AFTER_MS = 250;

export class FeedConnection {
  private client: TimeoutClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private connected = false;
  private closed = false;
  private hearing: boolean | undefined;
  private unheardProbes = 0;
  private readonly probe = randomUUID();
  /** pg expects one query at a time. */
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

  /** Resolves when the connection is ready, or when the first attempt has failed; attempts continue. */
  async open(): Promise<void> {
    const client = new TimeoutClient({
      connectionString: this.databaseUrl,
      connectLimitMs: CONNECT_LIMIT_MS,
      query_timeout: PROBE_LIMIT_MS,
      application_name: 'ringback listener',
      session: { synchronous_commit: 'off', enable_seqscan: 'off', plan_cache_mode: 'force_generic_plan' },
    });
    this.client = client;
    const senders = new HintSenders(this.ask);
    client.on('notification', ({ channel, payload = '', processId }) => {
      // Other replicas' probes make their processes known before their first hint.
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
      this.unheardProbes = 0;
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

  /** A failed query ends the session. */
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
    if (this.unheardProbes >= MOST_UNHEARD_PROBES) this.setHearing(false);
    this.unheardProbes += 1;
    await this.ask({ name: 'probe', text: `select pg_notify('${PROBE_CHANNEL}', $1)`, values: [this.probe] });
    if (this.client !== client || this.closed) return;
    this.timer = setTimeout(() => {
      // The failed query has been reported.
      this.probeNow(client).catch(() => undefined);
    }, PROBE_EVERY_MS);
  }

  private onProbe(payload: string): void {
    if (payload !== this.probe) return;
    this.unheardProbes = 0;
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
    // A graceful end would wait for a server that may not respond.
    client.destroy();
    this.owner.onLost(error);
    this.timer = setTimeout(() => void this.open(), RETRY_AFTER_MS);
  }
}
