import { proxyRules } from '../../src/common/proxy-rules.js';

const [HTTPS, HTTP] = [new URL('http://secure.proxy:3128'), new URL('http://plain.proxy:3128')];
const proxyOf = (origin: string, noProxy = '') =>
  proxyRules({ httpsProxy: HTTPS, httpProxy: HTTP, noProxy })(new URL(origin));

describe('a proxy', () => {
  it.each([
    ['https://api.example.com', HTTPS],
    ['wss://pbx.example.com/ari/events', HTTPS],
    ['http://api.example.com', HTTP],
    ['ws://pbx.example.com:8088/ari/events', HTTP],
  ])('of %s is the one for its scheme', (origin, proxy) => {
    expect(proxyOf(origin)).toBe(proxy);
  });

  it.each(['http://localhost:3100', 'http://127.0.0.1:3100', 'http://127.8.9.1', 'http://[::1]:3100'])(
    'is never used for %s',
    (origin) => {
      expect(proxyOf(origin)).toBeNull();
    },
  );

  it.each([
    ['example.com', 'https://example.com', true],
    ['example.com', 'https://API.Example.com', true],
    ['.example.com', 'https://api.example.com', true],
    ['*.example.com', 'https://api.example.com', true],
    ['example.com', 'https://badexample.com', false],
    ['a.test, example.com b.test', 'https://b.test', true],
    ['example.com:8443', 'https://example.com:8443', true],
    ['example.com:8443', 'https://example.com', false],
    ['example.com:443', 'https://example.com', true],
    ['*', 'https://anything.example', true],
    ['10.0.0.0/8', 'http://10.1.2.3:8088', true],
    ['10.0.0.0/8', 'http://11.1.2.3:8088', false],
    ['10.1.2.3', 'http://10.1.2.3', true],
    ['fd00::/8', 'http://[fd12::1]:8088', true],
    ['[fd12::1]:8088', 'http://[fd12::1]:8088', true],
    ['fd00::/8', 'http://10.1.2.3', false],
  ])('with NO_PROXY=%s is not used for %s: %s', (noProxy, origin, isLeftOut) => {
    expect(proxyOf(origin, noProxy) === null).toBe(isLeftOut);
  });

  it('is not used when its setting is not set', () => {
    const rules = proxyRules({ httpsProxy: undefined, httpProxy: HTTP, noProxy: '' });

    expect(rules(new URL('https://api.example.com'))).toBeNull();
  });
});
