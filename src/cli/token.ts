/** `npm run -s token -- 1001`, `… -- --admin`, `… -- 9001 --scope calls:write`: a token to try the embedded default. */
import { parseArgs } from 'node:util';
import { secretToSignWith } from '../auth/signing-secret.js';
import { issueToken } from '../auth/token-issuer.js';
import { namesUser } from '../common/external-id.js';
import { readEnvironment } from '../config/environment.js';
import { fail } from './fail.js';
import { failUsage, HELP, printUsage } from '../common/usage.js';

/** Long enough for one session with the demo. */
const LIFETIME_SECONDS = 12 * 60 * 60;
const DEMO_ADMIN = '1001';

const USAGE = `Usage: npm run -s token -- <userId>                   prints a token of a user, by id or externalId
       npm run -s token -- --admin [userId]           prints a token for the admin API
       npm run -s token -- <userId> --scope <scopes>  prints a token of a backend, such as --scope calls:write
  --help   prints this text`;

const readArguments = () => {
  try {
    const options = {
      admin: { type: 'boolean', default: false },
      scope: { type: 'string' },
      help: HELP,
    } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch {
    return failUsage(USAGE);
  }
};

const main = async (): Promise<void> => {
  const { values, positionals } = readArguments();
  if (values.help) printUsage(USAGE);
  const userId = positionals[0] ?? (values.admin ? DEMO_ADMIN : '');
  if (positionals.length > 1 || !namesUser(userId) || (values.admin && values.scope !== undefined)) failUsage(USAGE);

  const config = readEnvironment();
  const secret = await secretToSignWith(config);
  const scope = values.admin ? 'admin' : values.scope;
  const request = { userId, lifetimeSeconds: LIFETIME_SECONDS, ...(scope !== undefined && { scope }) };
  console.log(await issueToken(secret, request, config));
};

await main().catch((error: unknown) => fail((error as Error).message));
