/**
 * `npm run call -- 2000`: places a call and shows its progress on one line. An ordinary client of the HTTP API that
 * uses only the contract.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { secretToSignWith } from '../auth/signing-secret.js';
import { issueToken } from '../auth/token-issuer.js';
import { reachableUrl } from '../common/reachable-url.js';
import { namesUser } from '../common/external-id.js';
import type { Config } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { CallLine, type CallState } from './call-line.js';
import { Client, saidBy } from './client.js';
import { CALL_STATUS, FAILED, INTERRUPTED } from './exit-status.js';
import { fail } from './fail.js';
import { failUsage, HELP, printUsage } from '../common/usage.js';

const USAGE = `Usage: npm run call -- <userId>      calls a user
       npm run call -- --service     calls customer service
  --as <userId>    who is calling, also by externalId (1001)
  --url <url>      where Ringback is (http://127.0.0.1:PORT)
  --token <token>  an access token, if Ringback does not sign its own
  --help           prints this text

Exit status:
  0 completed   3 busy          6 unreachable   9 canceled
  1 no outcome  4 no_answer     7 failed        130 Ctrl-C, twice
  2 usage       5 rejected      8 lost
  1: the call is refused, Ringback cannot be reached, or the outcome is not known`;

/** In addition to DIAL_TIMEOUT: the wait for a dial slot, a slow database, a slow network. */
const OVERHEAD_MS = 25_000;
const DRAW_EVERY_MS = 250;
const TOKEN_LIFETIME_SECONDS = 12 * 60 * 60;

/** npm forwards the signal that the terminal has already sent to this process, so one Ctrl-C arrives twice. */
const SAME_KEY_PRESS_MS = 500;

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        service: { type: 'boolean', default: false },
        as: { type: 'string', default: '1001' },
        url: { type: 'string' },
        token: { type: 'string' },
        help: HELP,
      },
      allowPositionals: true,
    });
  } catch {
    return failUsage(USAGE);
  }
};

const makeToken = async (userId: string, config: Config): Promise<string> => {
  if (config.jwtJwksUri) fail('Tokens are signed elsewhere: JWT_JWKS_URI is set. Pass one with --token.');
  const secret = await secretToSignWith(config);
  return issueToken(secret, { userId, lifetimeSeconds: TOKEN_LIFETIME_SECONDS }, config);
};

/** The first Ctrl-C requests a cancel, the second one quits. */
const onCtrlC = (quit: () => void): AbortSignal => {
  const wish = new AbortController();
  let first: number | undefined;
  process.on('SIGINT', () => {
    first ??= performance.now();
    if (performance.now() - first > SAME_KEY_PRESS_MS) quit();
    wish.abort();
  });
  return wish.signal;
};

/** Shows the call until it is over, and cancels it on request. */
const follow = async (callSid: string, client: Client, line: CallLine, cancel: AbortSignal): Promise<void> => {
  const clock = setInterval(() => {
    line.draw();
  }, DRAW_EVERY_MS);
  try {
    await Promise.race([
      show(client.states(callSid), line),
      failureOf(cancelWhenWished(callSid, client, line, cancel)),
    ]);
  } finally {
    clearInterval(clock);
  }
};

const show = async (states: AsyncGenerator<CallState>, line: CallLine): Promise<void> => {
  for await (const state of states) line.show(state);
};

/** The cancel is repeated until it succeeds or the call is over. */
const cancelWhenWished = async (callSid: string, client: Client, line: CallLine, wish: AbortSignal): Promise<void> => {
  if (!wish.aborted) await once(wish, 'abort');
  line.canceling();
  while (!line.isOver && (await client.ask(`callCancel/${callSid}`)).returnCode !== 200) await sleep(DRAW_EVERY_MS);
};

/** Never resolves. */
const failureOf = (work: Promise<unknown>): Promise<never> =>
  new Promise((_resolve, reject) => {
    work.catch(reject);
  });

/** @returns the exit status */
const main = async (): Promise<number> => {
  const { values, positionals } = readArguments();
  if (values.help) printUsage(USAGE);
  const [target] = positionals;
  if (positionals.length > 1 || values.service === (target !== undefined) || !namesUser(values.as)) failUsage(USAGE);

  const config = readEnvironment();
  if (values.url === undefined && config.port === 0)
    fail('PORT is 0, a free one: pass --url, which Ringback prints when it starts.');
  const token = values.token ?? (await makeToken(values.as, config));
  const client = new Client(
    values.url?.replace(/\/+$/, '') ?? reachableUrl(config.host, config.port),
    token,
    config.dialTimeoutSeconds * 1_000 + OVERHEAD_MS,
  );
  const line = new CallLine(process.stdout);
  const cancel = onCtrlC(() => {
    line.finish();
    process.exit(INTERRUPTED);
  });

  const placed = await client.ask(target === undefined ? 'callService' : `call/${encodeURIComponent(target)}`);
  const callSid = placed.data?.callSid ?? fail(saidBy(placed));
  console.log(`Call ${callSid}`);
  try {
    await follow(callSid, client, line, cancel);
  } finally {
    line.finish();
  }
  return CALL_STATUS[line.endReason ?? ''] ?? FAILED;
};

const status = await main().catch((error: unknown) => fail((error as Error).message));
// Exits without waiting for an unanswered cancel.
process.exit(status);
