import type { Config } from '../config/config.js';
import { SETTINGS } from '../config/settings.js';

/** The text that `npm start` prints with the embedded database: all addresses, and a first call to copy and paste. */
export const welcomePage = (
  url: string,
  config: Config,
  providers: readonly string[],
  { adminUrl = url, deskLink = null }: { readonly adminUrl?: string; readonly deskLink?: string | null } = {},
): string => {
  const isSimulated = providers.includes('simulator');
  const provider = isSimulated ? `simulator, at ${config.simulatorSpeed} times real-time speed` : providers.join(', ');
  return `
  Ringback is ready.
${deskLink === null ? '' : signIn(deskLink, url, config)}
    API       ${url}/v1/app
${config.apiDocs ? `    Swagger   ${adminUrl}/docs\n` : ''}    Health    ${url}/health/ready
    Data      ${config.dataDir} (embedded PostgreSQL; set DATABASE_URL to use your own)
    Provider  ${provider}

${isSimulated ? firstCall(url, config) : REAL_PHONES}`;
};

/** On a line of its own, because terminals cut a long link. */
const signIn = (deskLink: string, url: string, config: Config): string => {
  const command = [settingsToTell(url, config), 'npm run -s desk'].filter((part) => part !== '').join(' ');
  // With a secret of one's own, a second terminal may not have it.
  const another = config.jwtSecrets ? ':' : `;  ${command}  prints another one:`;
  return `
  Open the desk. The link works once, for 15 minutes${another}

    ${deskLink}
`;
};

const REAL_PHONES = `  The demo users have no real phones, and no sub-account there: docs/real-phones.md says how yours get them.
`;

const firstCall = (url: string, config: Config): string => {
  const token = config.jwtSecrets || config.jwtJwksUri ? 'YOUR_TOKEN' : '$(npm run -s token -- 1001)';
  const settings = settingsToTell(url, config);
  return `  Place a demo call, from user 1001 to user 2000, in a second terminal:

${settings && `    export ${settings}\n`}    TOKEN=${token}
    curl "${url}/v1/app/call/2000?access_token=$TOKEN"

  Fetch its state, with the callSid from the reply:

    curl "${url}/v1/app/callState/CALLSID?access_token=$TOKEN"

  or let  npm run call -- 2000  do both. User 2001 is busy, 2002 does not answer; docs/quick-start.md has 2003 to 2013.
`;
};

/** Settings that the programs in the second terminal cannot know, if they differ from the default. */
const settingsToTell = (url: string, config: Config): string => {
  const { dataDir, jwtIssuer = '', jwtAudience = '' } = config;
  const port = String(config.port || new URL(url).port);
  const told = [
    { ...SETTINGS.dataDir, value: dataDir },
    { ...SETTINGS.host, value: config.host },
    { ...SETTINGS.port, value: port },
    { ...SETTINGS.jwtIssuer, value: jwtIssuer },
    { ...SETTINGS.jwtAudience, value: jwtAudience },
  ];
  return told
    .filter(({ value, defaultText }) => value !== defaultText)
    .map(({ name, value }) => `${name}=${quoted(value)}`)
    .join(' ');
};

/** For a POSIX shell. */
const quoted = (text: string): string =>
  /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
