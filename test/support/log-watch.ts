/**
 * Searches the service's log for every secret that the test uses, always at trace level. A secret in the log fails the
 * test file when the service is closed.
 */
import { pino } from 'pino';
import { SETTINGS } from '../../src/config/settings.js';
import type { Setting } from '../../src/config/setting.js';

/** Any token, any API key longer than its prefix (which may be logged), or the query parameter before a token in a URL. */
const TOKEN = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}|rbk_\w{9,}|access_token=/;

/** A shorter text may occur in ordinary words. */
const SHORTEST_SECRET = 8;

/** The form in a JSON line, where a quote in a secret is escaped. */
const asLogged = (secret: string): string => JSON.stringify(secret).slice(1, -1);

export class LogWatch {
  private readonly secrets = new Set<string>();
  private written = '';

  /** @param environment its secret settings are watched from the start */
  constructor(environment: Readonly<Record<string, string | undefined>> = {}) {
    for (const { name, isSecret } of Object.values<Setting<unknown>>(SETTINGS)) {
      if (!isSecret || name === 'DATABASE_URL') continue;
      for (const item of (environment[name] ?? '').split(',')) {
        this.expect(item.trim());
        // SUB_ACCOUNT_KEYS: the key without its name.
        this.expect(item.trim().split(':').at(-1) ?? '');
      }
    }
  }

  /** From now on, the log must not contain this secret. */
  expect(secret: unknown): void {
    if (typeof secret === 'string' && secret.length >= SHORTEST_SECRET) this.secrets.add(secret);
  }

  /** Receives the log at trace level, and passes lines of the test's level on to `logTo`. */
  stream(level: string, logTo?: NodeJS.WritableStream): NodeJS.WritableStream {
    const least = level === 'silent' ? Infinity : pino.levels.values[level]!;
    const write = (line: string): boolean => {
      this.written += line;
      const [, number = '0'] = /^\{"level":(\d+)/.exec(line) ?? [];
      if (Number(number) >= least) (logTo ?? process.stdout).write(line);
      return true;
    };
    return { write } as unknown as NodeJS.WritableStream;
  }

  /** @throws when a secret was logged; the message has the line without the secret */
  verify(): void {
    for (const secret of this.secrets) {
      const at = this.written.indexOf(asLogged(secret));
      if (at !== -1) throw new Error(`A secret is in the log: ${this.lineAt(at).replaceAll(asLogged(secret), '***')}`);
    }
    const token = TOKEN.exec(this.written);
    if (token) throw new Error(`A token is in the log: ${this.lineAt(token.index)}`);
  }

  private lineAt(index: number): string {
    const end = this.written.indexOf('\n', index);
    return this.written.slice(this.written.lastIndexOf('\n', index) + 1, end === -1 ? undefined : end);
  }
}
