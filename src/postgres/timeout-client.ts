import { Client, type ClientConfig, type QueryArrayResult } from 'pg';
import { urlOfEachHost } from '../config/database-url.js';
import { setSession, type SessionSettings } from './session-options.js';
import { chosenHost, forgetHost, READ_ONLY, type Host } from './writable-host.js';

/** PostgreSQL reports these by itself, when a session begins and when they change. */
const READ_ONLY_PARAMETERS = ['in_hot_standby', 'default_transaction_read_only'];

export interface ImpatientConfig extends ClientConfig {
  readonly connectionString: string;
  /** What the session needs beside what all of ours rely on. */
  readonly session?: SessionSettings;
}

/**
 * A connection of ours: every one of the service is made here.
 *
 * - It sets what our SQL relies on, whatever the role, the database or a pooler has for a default.
 * - It is of use, or gone, and its pool makes another one. pg gives up on an answer that takes too long and keeps the
 *   connection, where the next question would wait behind the first. After a network that went silent that is for ever.
 * - Its server takes changes. After a failover a name may still lead to a server that is a standby now, where no call can be
 *   stored. This is what `target_session_attrs=read-write` means to libpq, which pg does not have.
 * - Of several hosts in DATABASE_URL it is the one that takes changes.
 */
export class TimeoutClient extends Client {
  private readonly config: ImpatientConfig;
  private readonly urls: readonly string[];
  private isConnected = false;

  constructor(config: ImpatientConfig) {
    const urls = urlOfEachHost(config.connectionString);
    super({ ...config, connectionString: urls[0] });
    this.config = config;
    this.urls = urls;
    // A connection that breaks fails the statement under way, and its pool hears of it. Without a listener of its own it would end the
    // process where it breaks between two owners, as pg-pool hands it from one request to the next.
    this.on('error', () => undefined);
    const { connection } = this.inner;
    connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
      if (!READ_ONLY_PARAMETERS.includes(parameterName) || parameterValue !== 'on') return;
      if (this.isConnected) this.destroy(notWritable());
    });
    const connect = super.connect.bind(this) as () => Promise<unknown>;
    this.connect = ((callback?: (error: unknown) => void) => {
      const connected = this.open(connect);
      if (!callback) return connected;
      connected.then(() => {
        callback(null);
      }, callback);
      return undefined;
    }) as Client['connect'];
    const ask = this.query.bind(this) as (...question: unknown[]) => unknown;
    this.query = ((...question: unknown[]) => {
      const answer = ask(...question);
      if (answer instanceof Promise) {
        answer.catch((error: unknown) => {
          if (isReadTimeout(error)) void this.end();
          else if ((error as { code?: unknown }).code === READ_ONLY) this.destroy(notWritable());
        });
      }
      return answer;
    }) as Client['query'];
  }

  /** Of the server's process; a pooler in front tells another number than the server. */
  get announcedProcess(): number | null {
    return this.inner.processID;
  }

  /** Without a farewell, which would wait for an other end that may be gone. */
  destroy(error?: Error): void {
    this.inner.connection.stream.destroy(error);
  }

  private get inner(): Inner {
    return this as unknown as Inner;
  }

  private async open(connect: () => Promise<unknown>): Promise<void> {
    try {
      if (this.urls.length > 1) this.leadTo(await chosenHost(this.urls, (url) => this.likeThis(url)));
      await connect();
      await this.prepare();
      this.isConnected = true;
    } catch (error) {
      forgetHost(this.urls);
      void this.end();
      this.destroy();
      throw error;
    }
  }

  private likeThis(connectionString: string): TimeoutClient {
    return new TimeoutClient({ ...this.config, connectionString });
  }

  private leadTo({ host, port }: Host): void {
    if (this.inner._ending || this.inner.connection.stream.destroyed) throw new Error('Connection terminated');
    Object.assign(this, { host, port });
    Object.assign(this.inner.connectionParameters, { host, port });
  }

  private async prepare(): Promise<void> {
    const text = `${setSession(this.config.session ?? {})}; show transaction_read_only`;
    const question = { text, rowMode: 'array', query_timeout: this.config.connectionTimeoutMillis };
    const results = (await this.query(question)) as unknown as QueryArrayResult<[string]>[];
    if (results.at(-1)?.rows[0]?.[0] === 'on') throw notWritable();
  }
}

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** What pg has and its types do not. */
interface Inner {
  readonly _ending: boolean;
  readonly processID: number | null;
  readonly connectionParameters: object;
  readonly connection: NodeJS.EventEmitter & {
    readonly stream: { readonly destroyed: boolean; destroy(error?: Error): void };
  };
}

const notWritable = (): Error =>
  Object.assign(new Error('the database server takes no changes: it is a standby, or set to read-only'), {
    code: READ_ONLY,
  });

/** pg tells it by its text alone. */
const isReadTimeout = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout';
