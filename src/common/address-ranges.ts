/** IP addresses and ranges of them, as settings and proxies write them. */
import ipaddr from 'ipaddr.js';

export type Address = ReturnType<typeof ipaddr.parse>;
/** An address and its prefix length. */
export type AddressRange = ReturnType<typeof ipaddr.parseCIDR>;

/** A dual-stack socket reports 10.0.0.1 as ::ffff:10.0.0.1; both reach the same host. */
export const unmapped = (address: Address): Address =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;

/** @returns null if the text is not an address; an IPv4-mapped IPv6 address is returned as IPv4 */
export const readAddress = (text: string): Address | null => {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return null;
  return unmapped(ipaddr.parse(text));
};

export const isWithin = (address: Address | null, ranges: readonly AddressRange[]): boolean =>
  address !== null && ranges.some((range) => address.kind() === range[0].kind() && address.match(range));

/** The form for logs and comparisons: an IPv4-mapped socket address becomes IPv4. */
export const plainAddress = (text: string): string =>
  text.startsWith('::ffff:') ? (readAddress(text)?.toString() ?? text) : text;

/**
 * Whose address it is, for counting: an IPv4 address, or the first 64 bits of an IPv6 address, which one client has to itself
 * (RFC 6177). All texts that are no address count together.
 */
export const networkOf = (text: string): string => {
  const address = readAddress(text);
  if (!(address instanceof ipaddr.IPv6)) return address?.toString() ?? 'unknown';
  return `${address.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
};
