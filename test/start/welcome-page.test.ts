import { readConfig } from '../../src/config/config.js';
import { welcomePage } from '../../src/http/welcome-page.js';

const pageFor = (environment: Record<string, string>, url = 'http://127.0.0.1:3000'): string =>
  welcomePage(url, readConfig(environment), ['simulator']);

it('names the configured providers, and shows no demo call when real phones would ring', () => {
  const page = welcomePage('http://127.0.0.1:3000', readConfig({}), ['asterisk', 'twilio']);

  expect(page).toMatch(/^ *Provider +asterisk, twilio$/m);
  expect(page).not.toMatch(/simulator|demo call/);
  expect(pageFor({})).toMatch(/^ *Provider +simulator, at 1 times real-time speed$/m);
});

it('shows the link to the desk first, whole on a line of its own', () => {
  const deskLink = 'http://127.0.0.1:3000/desk/sign-in#code';
  const page = welcomePage('http://127.0.0.1:3000', readConfig({}), ['simulator'], { deskLink });

  expect(page.match(/https?:\S+/)?.[0]).toBe(deskLink);
  expect(page).toMatch(/^ {4}http:\S+#code$/m);
  expect(pageFor({})).not.toContain('/desk');
});

it.each([
  [{}, ';  npm run -s desk  prints another one:'],
  [{ DATA_DIR: 'data/b' }, ';  DATA_DIR=data/b npm run -s desk  prints another one:'],
  [{ JWT_SECRET: 'x'.repeat(32) }, 'for 15 minutes:'],
])('says with %j how another link is made, where a second terminal can make one', (environment, hint) => {
  const config = readConfig(environment);

  expect(welcomePage('http://127.0.0.1:3000', config, ['simulator'], { deskLink: 'http://x/#y' })).toContain(hint);
});

const exported = (page: string): string | undefined => /^ *export (.*)$/m.exec(page)?.[1];

describe('the page of npm start', () => {
  it('exports no settings for the second terminal when all have their defaults', () => {
    expect(exported(pageFor({}))).toBeUndefined();
  });

  it('exports settings that differ from the defaults, quoted for a shell', () => {
    const page = pageFor({ DATA_DIR: "/it's here", JWT_ISSUER: 'me & you', JWT_AUDIENCE: 'us' });

    expect(exported(page)).toBe(String.raw`DATA_DIR='/it'\''s here' JWT_ISSUER='me & you' JWT_AUDIENCE=us`);
  });

  it('exports the actual port for PORT=0', () => {
    expect(exported(pageFor({ PORT: '0' }, 'http://127.0.0.1:40123'))).toBe('PORT=40123');
  });

  it('exports port 80, which is not in the URL', () => {
    expect(exported(pageFor({ PORT: '80' }, 'http://127.0.0.1:80'))).toBe('PORT=80');
  });

  it.each([
    ['', {}, 'TOKEN=$(npm run -s token -- 1001)'],
    [' not', { JWT_JWKS_URI: 'https://host/keys', JWT_AUDIENCE: 'ringback' }, 'TOKEN=YOUR_TOKEN'],
  ])('shows how to get a token when the service does%s sign its own', (_word, environment, line) => {
    expect(pageFor(environment)).toContain(`    ${line}\n`);
  });

  it('contains no secret', () => {
    const secret = 'a key of 32 bytes or more: for the tests';

    expect(pageFor({ JWT_SECRET: secret })).not.toContain(secret);
  });
});
