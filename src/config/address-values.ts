/** The settings that say where others are: address ranges, the proxies on either side of us, the sites of web apps. */
import ipaddr from 'ipaddr.js';
import { isEncoded, list, urlOf } from './setting-values.js';

/** Anything shorter than four numbers, which ipaddr.js would take, is more likely a slip than a range. */
export const addressRanges = list((range) => {
  const written = asRange(range);
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(written) && !ipaddr.IPv6.isValidCIDR(written)) {
    throw new Error('expected addresses and ranges such as 10.0.0.0/8 or fd00::/8, comma between two');
  }
  return unmapped(ipaddr.parseCIDR(written));
});

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** IPv4 in IPv6 is compared as IPv4, so ::ffff:10.0.0.0/104 would contain no address. */
const unmapped = ([address, prefixLength]: Range): Range =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && prefixLength >= 96
    ? [address.toIPv4Address(), prefixLength - 96]
    : [address, prefixLength];

/** An address alone is the range that has no other. */
const asRange = (written: string): string => {
  if (ipaddr.IPv4.isValidFourPartDecimal(written)) return `${written}/32`;
  return ipaddr.IPv6.isValid(written) ? `${written}/128` : written;
};

/** Bits. Half of the Internet is nobody's proxies. */
const SHORTEST_OF_PROXIES = 7;

/** A number far above that of the proxies would take the client's word, as `true` did. */
const MOST_PROXIES = 10;

/**
 * How many, or where they are. A client can write any address into X-Forwarded-For, and a proxy appends the true one: whoever
 * trusts every entry takes the client's word.
 */
export const trustedProxies = (value: string): number | ReturnType<typeof addressRanges> => {
  if (value === 'false') return 0;
  if (/^\d{1,2}$/.test(value) && Number(value) <= MOST_PROXIES) return Number(value);
  try {
    const ranges = addressRanges(value);
    if (ranges.every(([, prefixLength]) => prefixLength >= SHORTEST_OF_PROXIES)) return ranges;
  } catch {
    // The sentence below says more.
  }
  throw new Error(
    'expected the number of reverse proxies in front, 1 for one and 10 at most, or their addresses and ranges such as 10.0.0.0/8, comma ' +
      'between two' +
      (value === 'true'
        ? '; `true` is not accepted any more, because it took an address that a client can make up'
        : ''),
  );
};

/** As browsers write them in the header Origin. Every site at once is no wish that anybody has: tokens are not theirs. */
export const origins = list((origin) => {
  if (!/^https?:/.test(origin) || !URL.canParse(origin) || new URL(origin).origin !== origin) {
    throw new Error('expected origins such as https://app.example.com, without a path, comma between two');
  }
  return origin;
});

/** It may hold a user and a password. */
export const proxy = (padded: string): URL => {
  const value = urlOf(padded.trim(), ['http:', 'https:']);
  if (value.pathname !== '/' || /[?#]/.test(padded)) throw new Error('expected a URL without a path, ? and #');
  if (![value.username, value.password].every(isEncoded)) {
    throw new Error('expected % in the user and the password to be written as %25');
  }
  return value;
};

/** As curl reads them; a range that contains nothing would send what it was meant for through the proxy. */
export const proxyExceptions = (value: string): string => {
  const ranges = value.split(/[\s,]+/).filter((entry) => entry.includes('/'));
  if (!ranges.every((range) => ipaddr.isValidCIDR(range.replace(/[[\]]/g, '')))) {
    throw new Error('expected names, addresses and ranges such as 10.0.0.0/8, comma between two');
  }
  return value;
};
