/** Parsers for settings with addresses: ranges, proxies on either side of the service, and origins of web apps. */
import ipaddr from 'ipaddr.js';
import { isEncoded, list, urlOf } from './setting-values.js';

/** ipaddr.js also accepts IPv4 addresses with fewer than four numbers, which are more likely a typing error. */
export const addressRanges = list((range) => {
  const written = asRange(range);
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(written) && !ipaddr.IPv6.isValidCIDR(written)) {
    throw new Error('expected addresses and ranges such as 10.0.0.0/8 or fd00::/8, comma-separated');
  }
  return unmapped(ipaddr.parseCIDR(written));
});

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** IPv4-mapped IPv6 addresses are compared as IPv4, so ::ffff:10.0.0.0/104 would match nothing. */
const unmapped = ([address, prefixLength]: Range): Range =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefixLength >= 96
    ? [address.toIPv4Address(), prefixLength - 96]
    : [address, prefixLength];

/** A single address becomes a range of one. */
const asRange = (written: string): string => {
  if (ipaddr.IPv4.isValidFourPartDecimal(written)) return `${written}/32`;
  return ipaddr.IPv6.isValid(written) ? `${written}/128` : written;
};

/** In bits. A shorter prefix covers half of the Internet, which cannot be proxies. */
const SHORTEST_OF_PROXIES = 7;

/** A number far above the real one would trust the client's own entries, as `true` did. */
const MAX_PROXIES = 10;

/**
 * The number of proxies, or their ranges. A client can send any X-Forwarded-For, and each proxy appends the true
 * address. Trusting every entry would trust the client.
 */
export const trustedProxies = (value: string): number | ReturnType<typeof addressRanges> => {
  if (value === 'false') return 0;
  if (/^\d{1,2}$/.test(value) && Number(value) <= MAX_PROXIES) return Number(value);
  try {
    const ranges = addressRanges(value);
    if (ranges.every(([, prefixLength]) => prefixLength >= SHORTEST_OF_PROXIES)) return ranges;
  } catch {
    // The message below is more specific.
  }
  throw new Error(
    'expected the number of reverse proxies in front, 1 to 10, or their addresses and ranges such as 10.0.0.0/8, comma-separated' +
      (value === 'true' ? '; `true` is no longer accepted, because it trusted addresses that a client can forge' : ''),
  );
};

/** In the form of the header Origin. There is no wildcard: a site of another party has no tokens. */
export const origins = list((origin) => {
  if (!/^https?:/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new Error('expected origins such as https://app.example.com, without a path, comma-separated');
  }
  return origin;
});

/** The URL may contain a user and a password. */
export const proxy = (padded: string): URL => {
  const value = urlOf(padded.trim(), ['http:', 'https:']);
  if (value.pathname !== '/' || /[?#]/.test(padded)) throw new Error('expected a URL without a path, ? and #');
  if (![value.username, value.password].every(isEncoded)) {
    throw new Error('expected % in the user and the password to be written as %25');
  }
  return value;
};

/** In curl's format. A range that matches nothing would send its traffic through the proxy. */
export const proxyExceptions = (value: string): string => {
  const ranges = value.split(/[\s,]+/).filter((entry) => entry.includes('/'));
  if (!ranges.every((range) => ipaddr.isValidCIDR(range.replace(/[[\]]/g, '')))) {
    throw new Error('expected names, addresses and ranges such as 10.0.0.0/8, comma-separated');
  }
  return value;
};
