/** What an endpoint's URL has to look like; where it leads is for GuardedConnections to say. */

const LONGEST_URL = 2_000;
const TOO_LONG = `must have ${LONGEST_URL} characters at most, percent-encoded`;

/** Ports below are those of mail, databases of old and the like: no backend of an app listens there. */
const LEAST_PORT = 1024;

/** @returns what is wrong with it, in words that continue "the field …"; null where nothing is */
export const urlFault = (text: string): string | null => {
  if (text.length > LONGEST_URL) return TOO_LONG;
  if (!URL.canParse(text)) return 'must be a URL such as https://backend.example.com/ringback';
  const { protocol, username, password, port, hash, href } = new URL(text);
  // Percent-encoded, it may be three times as long.
  if (href.length > LONGEST_URL) return TOO_LONG;
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https://';
  if (username || password) return 'must not hold a user name or password; a signature proves who we are';
  if (hash) return 'must not hold a fragment, which is never sent';
  if (port !== '' && Number(port) < LEAST_PORT && port !== '443' && port !== '80') {
    return `must have the port 443, 80, or one from ${LEAST_PORT} on`;
  }
  return null;
};
