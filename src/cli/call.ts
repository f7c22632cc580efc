/**
 * `npm run call -- 2000`: places a call and shows its life on one line. An ordinary client of the HTTP API, in the terms
 * of the contract alone.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readSigningSecret } from '../auth/signing-secret.js';
import { issueToken } from '../auth/token-issuer.js';
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

interface Reply {
  readonly returnCode: number;
  readonly returnMsg: string;
  readonly data?: { readonly callSid?: string; readonly stateType?: string };
}

const options = (() => {
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
})();
const { values, positionals } = options;
const [target] = positionals;
if (positionals.length > 1 || values.service === (target !== undefined)) fail(USAGE);

const config = readEnvironment();
const baseUrl = values.url ?? `http://127.0.0.1:${config.port}`;

const makeToken = async (): Promise<string> => {
  const secret =
    config.jwtSecret ??
    (await readSigningSecret(config.dataDir).catch(() =>
      fail(`There is no secret in ${config.dataDir}: run npm start first, or pass --token.`),
    ));
  return issueToken(secret, { userId: values.as, lifetimeSeconds: TOKEN_LIFETIME_SECONDS }, config);
};
const token = values.token ?? (await makeToken());

const ask = async (path: string): Promise<Reply> => {
  const response = await fetch(`${baseUrl}/v1/app/${path}`, { headers: { authorization: `Bearer ${token}` } }).catch(
    () => fail(`Nothing answers at ${baseUrl}. Is it running? npm start`),
  );
  return (await response.json()) as Reply;
};

const placed = await ask(target === undefined ? 'callService' : `call/${encodeURIComponent(target)}`);
const callSid = placed.data?.callSid ?? fail(`${placed.returnCode} ${placed.returnMsg}`);

const line = new CallLine(callSid, process.stdout);
process.on('SIGINT', () => {
  line.canceling();
  void ask(`callCancel/${callSid}`);
});
for (;;) {
  const { data, returnCode, returnMsg } = await ask(`callState/${callSid}`);
  line.show(data?.stateType ?? fail(`\n${returnCode} ${returnMsg}`));
  if (line.isOver) break;
  await sleep(POLL_EVERY_MS);
}
line.finish();
