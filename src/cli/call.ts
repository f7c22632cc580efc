/**
 * `npm run call -- 2000`: places a call and shows its life on one line. An ordinary client of the HTTP API, in the terms
 * of the contract alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readSigningSecret } from '../auth/signing-secret.js';
import { issueToken } from '../auth/token-issuer.js';
import { isLong } from '../common/long.js';
import type { Config } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { CallLine } from './call-line.js';
import { fail } from './fail.js';

const USAGE = `Usage: npm run call -- <userId>      calls a user
       npm run call -- --service     calls customer service
  --as <userId>    who is calling (1001)
  --url <url>      where Ringback is (http://127.0.0.1:PORT)
  --token <token>  an access token, where Ringback does not sign its own`;

const POLL_EVERY_MS = 250;
const TOKEN_LIFETIME_SECONDS = 12 * 60 * 60;

/** npm passes on the signal that the terminal has sent to us as well: one Ctrl-C arrives twice. */
const SAME_KEY_PRESS_MS = 500;
/** What a shell says of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

interface Reply {
  readonly returnCode: number;
  readonly returnMsg: string;
  readonly data?: { readonly callSid?: string; readonly stateType?: string };
}

type Ask = (path: string) => Promise<Reply>;

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        service: { type: 'boolean', default: false },
        as: { type: 'string', default: '1001' },
        url: { type: 'string' },
        token: { type: 'string' },
      },
      allowPositionals: true,
    });
  } catch {
    return fail(USAGE);
  }
};

const makeToken = async (userId: string, config: Config): Promise<string> => {
  if (config.jwtJwksUri) fail('Tokens are signed elsewhere: JWT_JWKS_URI is set. Pass one with --token.');
  const secret = config.jwtSecret ?? (await readSigningSecret(config.dataDir));
  return issueToken(secret, { userId, lifetimeSeconds: TOKEN_LIFETIME_SECONDS }, config);
};

const clientOf =
  (baseUrl: string, token: string): Ask =>
  async (path) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${baseUrl}/v1/app/${path}`, { headers }).catch((cause: unknown) => {
      throw new Error(`Nothing answers at ${baseUrl}. Is it running? npm start`, { cause });
    });
    const reply = (await response.json().catch(() => null)) as Partial<Reply> | null;
    if (reply?.returnCode === undefined) throw new Error(`What answers at ${baseUrl} is not Ringback.`);
    return reply as Reply;
  };

/** The first Ctrl-C is a wish, the second one an order. */
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

/** Shows the call until it is over; a wish to cancel it is put forward until it is granted or of no use any more. */
const follow = async (callSid: string, ask: Ask, line: CallLine, cancel: AbortSignal): Promise<void> => {
  let canceled = false;
  for (;;) {
    if (cancel.aborted && !canceled) {
      line.canceling();
      canceled = (await ask(`callCancel/${callSid}`)).returnCode === 200;
    }
    const { data, returnCode, returnMsg } = await ask(`callState/${callSid}`);
    if (!data?.stateType) throw new Error(`${returnCode} ${returnMsg}`);
    line.show(data.stateType);
    if (line.isOver) return;
    await sleep(POLL_EVERY_MS);
  }
};

const main = async (): Promise<void> => {
  const { values, positionals } = readArguments();
  const [target] = positionals;
  if (positionals.length > 1 || values.service === (target !== undefined) || !isLong(values.as)) fail(USAGE);

  const config = readEnvironment();
  const token = values.token ?? (await makeToken(values.as, config));
  const ask = clientOf(values.url ?? `http://127.0.0.1:${config.port}`, token);
  const line = new CallLine(process.stdout);
  const cancel = onCtrlC(() => {
    line.finish();
    process.exit(INTERRUPTED);
  });

  const placed = await ask(target === undefined ? 'callService' : `call/${encodeURIComponent(target)}`);
  const callSid = placed.data?.callSid ?? fail(`${placed.returnCode} ${placed.returnMsg}`);
  console.log(`Call ${callSid}`);
  try {
    await follow(callSid, ask, line, cancel);
  } finally {
    line.finish();
  }
};

await main().catch((error: unknown) => fail((error as Error).message));
