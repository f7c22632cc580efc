import { Client, type ClientConfig } from 'pg';

/** SQLSTATE of a change where there can be none. */
const READ_ONLY = '25006';

/** PostgreSQL reports these by itself, when a session begins and when they change. */
const READ_ONLY_PARAMETERS = ['in_hot_standby', 'default_transaction_read_only'];

/**
 * A connection that is of use, or gone: its pool makes another one.
 *
 * - pg gives up on an answer that takes too long and keeps the connection, where the next question would wait behind the
 *   first. After a network that went silent that is for ever.
 * - After a failover a name may still lead to a server that is a standby now, where no call can be stored. This is what
 *   `target_session_attrs=read-write` means to libpq, which pg does not have.
 */
export class ImpatientClient extends Client {
  private isReadOnly = false;
  private isConnected = false;

  constructor(config?: ClientConfig | string) {
    super(config);
    const { connection } = this as unknown as Inner;
    connection.on('parameterStatus', ({ parameterName, parameterValue }: ParameterStatus) => {
      if (!READ_ONLY_PARAMETERS.includes(parameterName) || parameterValue !== 'on') return;
      this.isReadOnly = true;
      if (this.isConnected) connection.stream.destroy(notWritable());
    });
    const connect = super.connect.bind(this) as () => Promise<unknown>;
    this.connect = ((callback?: (error: unknown) => void) => {
      const connected = this.connectToPrimary(connect);
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
          else if ((error as { code?: unknown }).code === READ_ONLY) connection.stream.destroy(notWritable());
        });
      }
      return answer;
    }) as Client['query'];
  }

  private async connectToPrimary(connect: () => Promise<unknown>): Promise<void> {
    await connect();
    this.isConnected = true;
    if (!this.isReadOnly) return;
    await this.end();
    throw notWritable();
  }
}

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

/** What pg has and its types do not. */
interface Inner {
  readonly connection: NodeJS.EventEmitter & { readonly stream: { destroy(error: Error): void } };
}

const notWritable = (): Error =>
  Object.assign(new Error('the database server takes no changes: it is a standby, or set to read-only'), {
    code: READ_ONLY,
  });

/** pg tells it by its text alone. */
const isReadTimeout = (error: unknown): boolean => error instanceof Error && error.message === 'Query read timeout';
