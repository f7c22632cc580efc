/** `npm run -s desk`, `… -- 1002`: a link that signs in to the desk once. */
import { parseArgs } from 'node:util';
import { LINK_MINUTES, linkToDesk } from '../auth/desk-sessions/one-time-link.js';
import { secretToSignWith } from '../auth/signing-secret.js';
import { namesUser } from '../common/external-id.js';
import { reachableUrl } from '../common/reachable-url.js';
import { failUsage, HELP, printUsage } from '../common/usage.js';
import { readEnvironment } from '../config/environment.js';
import { fail } from './fail.js';

const USAGE = `Usage: npm run -s desk                prints a link that signs in to the desk once, within ${LINK_MINUTES} minutes
       npm run -s desk -- <userId>    the same for another person, as whom the audit has them
  --url <url>   where the admin API is (http://127.0.0.1:PORT)
  --help        prints this text`;

const readArguments = () => {
  try {
    return parseArgs({ options: { url: { type: 'string' }, help: HELP }, allowPositionals: true });
  } catch {
    return failUsage(USAGE);
  }
};

const main = async (): Promise<void> => {
  const { values, positionals } = readArguments();
  if (values.help) printUsage(USAGE);
  const [subject] = positionals;
  if (positionals.length > 1 || (subject !== undefined && !namesUser(subject))) failUsage(USAGE);
  const config = readEnvironment();
  const secret = await secretToSignWith(config);
  const port = config.adminPort ?? config.port;
  console.log(await linkToDesk(values.url?.replace(/\/$/, '') ?? reachableUrl(config.host, port), secret, subject));
};

await main().catch((error: unknown) => fail((error as Error).message));
