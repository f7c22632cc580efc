/**
 * Watches all that a service logs, at trace level whatever the test wants to see, for every secret that the test uses. A
 * secret in the log fails the test file when the service is closed.
 */
import { pino } from 'pino';
import { SETTINGS } from '../../src/config/settings.js';
import type { Setting } from '../../src/config/setting.js';

/** Any token, any API key (its beginning may be logged), and what comes before one in an address. */
const TOKEN = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}|rbk_\w{9,}|access_token=/;

/** Shorter ones stand in ordinary words. */
const SHORTEST_SECRET = 8;

/** Of parsed lines and of others: a secret with a quote in it is escaped in JSON. */
const asLogged = (secret: string): string => JSON.stringify(secret).slice(1, -1);

export class LogWatch {
  private readonly secrets = new Set<string>();
  private written = '';

  /** @param environment the secret settings of which are known from the start */
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

  /** From now on the log must not hold it. */
  expect(secret: unknown): void {
    if (typeof secret === 'string' && secret.length >= SHORTEST_SECRET) this.secrets.add(secret);
  }

  /** Takes the log at trace level, and hands on to `logTo` what has the level that the test wants. */
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

  /** @throws where a secret was logged; the message has the line without it */
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
