import { ImpatientClient } from '../database/impatient-client.js';

interface Listener {
  onNotification(channel: string, payload: string): void;
  onListening(): void;
  /** Also when a connection could not be made at first. */
  onLost(error: unknown): void;
}

/**
 * A question on the same connection, this often and answered within that, is how silence is told from peace: a
 * connection whose other end has vanished without a word reports no error for many minutes.
 */
const PROBE_EVERY_MS = 1_000;
const PROBE_LIMIT_MS = 2_000;
const CONNECT_LIMIT_MS = 2_000;
const RETRY_AFTER_MS = 250;

/** One connection that listens on channels, and that knows when it does not. */
export class ListeningConnection {
  private client: ImpatientClient | undefined;
  private timer: NodeJS.Timeout | undefined;
  private listening = false;
  private closed = false;

  constructor(
    private readonly databaseUrl: string,
    private readonly channels: readonly string[],
    private readonly listener: Listener,
  ) {}

  get isListening(): boolean {
    return this.listening;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Resolves when it listens, or has failed to for the first time; it goes on trying. */
  async open(): Promise<void> {
    const client = new ImpatientClient({
      connectionString: this.databaseUrl,
      connectionTimeoutMillis: CONNECT_LIMIT_MS,
      query_timeout: PROBE_LIMIT_MS,
      application_name: 'ringback listener',
    });
    this.client = client;
    client.on('notification', ({ channel, payload }) => {
      if (payload !== undefined) this.listener.onNotification(channel, payload);
    });
    client.on('error', (error) => {
      this.lose(client, error);
    });
    client.on('end', () => {
      this.lose(client, new Error('the connection was ended'));
    });
    try {
      await client.connect();
      await client.query(this.channels.map((channel) => `listen ${channel}`).join(';'));
      if (this.client !== client || this.closed) return;
      this.listening = true;
      this.listener.onListening();
      this.probeLater(client);
    } catch (error) {
      this.lose(client, error);
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.listening = false;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  private probeLater(client: ImpatientClient): void {
    this.timer = setTimeout(() => {
      client.query('select 1').then(
        () => {
          if (this.client === client && !this.closed) this.probeLater(client);
        },
        (error: unknown) => {
          this.lose(client, error);
        },
      );
    }, PROBE_EVERY_MS);
  }

  private lose(client: ImpatientClient, error: unknown): void {
    if (this.client !== client || this.closed) return;
    this.client = undefined;
    this.listening = false;
    clearTimeout(this.timer);
    // Ending politely would wait for the answer of an end that may be gone.
    client.destroy();
    this.listener.onLost(error);
    this.timer = setTimeout(() => void this.open(), RETRY_AFTER_MS);
  }
}
