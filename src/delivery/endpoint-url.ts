/** The rules for the text of an endpoint's URL. Its addresses are checked by GuardedConnections. */

const LONGEST_URL = 2_000;
const TOO_LONG = `must have ${LONGEST_URL} characters at most, percent-encoded`;

/** Lower ports belong to mail, databases and other system services. No app's backend listens there. */
const MIN_PORT = 1024;

/** @returns the fault, as a phrase that continues "the field …"; null if there is none */
export const urlFault = (text: string): string | null => {
  if (text.length > LONGEST_URL) return TOO_LONG;
  if (!URL.canParse(text)) return 'must be a URL such as https://backend.example.com/ringback';
  const { protocol, username, password, port, hash, href } = new URL(text);
  // Percent-encoding may triple its length.
  if (href.length > LONGEST_URL) return TOO_LONG;
  if (protocol !== 'https:' && protocol !== 'http:') return 'must begin with https://';
  if (username || password) return 'must not hold a user name or password; a signature proves who we are';
  if (hash) return 'must not hold a fragment, which is never sent';
  if (port !== '' && Number(port) < MIN_PORT && port !== '443' && port !== '80') {
    return `must have the port 443, 80, or one from ${MIN_PORT} on`;
  }
  return null;
};
