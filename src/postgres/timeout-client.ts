import { Client, type ClientConfig, type QueryArrayResult, type QueryConfig } from 'pg';
import { startLimit } from '../common/time-limit.js';
import { urlOfEachHost } from '../config/database-url.js';
import { setSession, type SessionSettings } from './session-options.js';
import { chosenHost, forgetHost, READ_ONLY, type Host } from './writable-host.js';

/** PostgreSQL reports these parameters at the start of a session and on every change. */
const READ_ONLY_PARAMETERS = ['in_hot_standby', 'default_transaction_read_only'];

export interface ImpatientConfig extends ClientConfig {
  readonly connectionString: string;
  /** For the connection and its session, in milliseconds. In place of pg's connectionTimeoutMillis. */
  readonly connectLimitMs?: number;
  /** Settings in addition to those of all sessions. */
  readonly session?: SessionSettings;
}

/**
 * The class of all database connections of the service.
 *
 * - It sets the session settings that our SQL relies on, whatever the defaults of the role, the database or a pooler.
 * - If it does not respond, it is closed, and its pool opens another one. pg only rejects a query that takes too long
 *   and keeps the connection. The next query would wait behind the first: for ever, if the network went silent. pg also counts
 *   the time in which this process could not listen (time-limit.ts).
 * - Its server is writable. After a failover a name may still lead to a server that is now a standby, where no call can
 *   be stored. This is libpq's `target_session_attrs=read-write`, which pg does not have.
 * - Of several hosts in DATABASE_URL it uses the writable one.
 */
export class TimeoutClient extends Client {
  private readonly config: ImpatientConfig;
  private readonly urls: readonly string[];
  private isConnected = false;

  constructor(config: ImpatientConfig) {
    const urls = urlOfEachHost(config.connectionString);
    super({ ...config, connectionString: urls[0], query_timeout: 0 });
    this.config = config;
    this.urls = urls;
    // A broken connection fails its current statement, and its pool is notified. Without a listener of its own, it
    // would end the process if it breaks while pg-pool passes it from one request to the next.
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
    this.query = ((question: unknown, ...more: unknown[]) => {
      const { query_timeout: own, ...untimed } = typeof question === 'object' ? (question as TimedQuery) : {};
      const endLimit = this.startQueryLimit(own ?? config.query_timeout);
      // pg-pool's own query(), as graphile-worker's timetable uses it.
      const rest = more.map((given) => (isCallback(given) ? endingFirst(endLimit, given) : given));
      const answer = ask(own === undefined ? question : untimed, ...rest);
      if (!(answer instanceof Promise)) {
        if (!more.some(isCallback)) endLimit();
        return answer;
      }
      answer.then(endLimit, (error: unknown) => {
        endLimit();
        if ((error as { code?: unknown }).code === READ_ONLY) this.destroy(notWritable());
      });
      return answer;
    }) as Client['query'];
  }

  /** The server's process id; a pooler announces a different number. */
  get announcedProcess(): number | null {
    return this.inner.processID;
  }

  /** Without a protocol-level end, which would wait for a peer that may be gone. */
  destroy(error?: Error): void {
    this.inner.connection.stream.destroy(error);
  }

  private startQueryLimit(limitMs = 0): () => void {
    if (limitMs === 0) return () => undefined;
    return startLimit(limitMs, () => {
      this.destroy(new Error('Query read timeout'));
    });
  }

  private get inner(): Inner {
    return this as unknown as Inner;
  }

  private async open(connect: () => Promise<unknown>): Promise<void> {
    let endLimit: (() => void) | undefined;
    try {
      // Each of several hosts has this limit, and then the chosen one.
      if (this.urls.length > 1) this.leadTo(await chosenHost(this.urls, (url) => this.likeThis(url)));
      endLimit = this.startConnectLimit();
      await connect();
      await this.prepare();
      this.isConnected = true;
    } catch (error) {
      forgetHost(this.urls);
      void this.end();
      this.destroy();
      throw error;
    } finally {
      endLimit?.();
    }
  }

  private startConnectLimit(): () => void {
    const { connectLimitMs } = this.config;
    if (connectLimitMs === undefined) return () => undefined;
    // pg never answers a connect that is ended meanwhile, and the limit must not outlive the process then.
    const onOver = (): void => {
      this.destroy(new Error('timeout expired'));
    };
    return startLimit(connectLimitMs, onOver, { isBackground: true });
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
    const results = (await this.query({ text, rowMode: 'array' })) as unknown as QueryArrayResult<[string]>[];
    if (results.at(-1)?.rows[0]?.[0] === 'on') throw notWritable();
  }
}

/** pg supports query_timeout per query; its types do not. */
export type TimedQuery = QueryConfig & { readonly query_timeout?: number };

type Callback = (...told: unknown[]) => void;

const isCallback = (given: unknown): given is Callback => typeof given === 'function';

const endingFirst =
  (endLimit: () => void, callback: Callback): Callback =>
  (...told) => {
    endLimit();
    callback(...told);
  };

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** Internals of pg that its types do not declare. */
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
