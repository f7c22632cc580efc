/** IP addresses and ranges of them, as settings and proxies write them. */
import ipaddr from 'ipaddr.js';

export type Address = ReturnType<typeof ipaddr.parse>;
/** An address and the length of its prefix. */
export type AddressRange = ReturnType<typeof ipaddr.parseCIDR>;

/** A socket that listens on both families sees 10.0.0.1 as ::ffff:10.0.0.1, and either reaches the same host. */
export const unmapped = (address: Address): Address =>
  address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() ? address.toIPv4Address() : address;

/** @returns null where the text is no address, and of an IPv4 address in IPv6 the IPv4 address */
export const readAddress = (text: string): Address | null => {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !ipaddr.IPv6.isValid(text)) return null;
  return unmapped(ipaddr.parse(text));
};

export const isWithin = (address: Address | null, ranges: readonly AddressRange[]): boolean =>
  address !== null && ranges.some((range) => address.kind() === range[0].kind() && address.match(range));

/** As it is logged and compared: of a socket's address, which the system writes in one form, the IPv4 address in it. */
export const plainAddress = (text: string): string =>
  text.startsWith('::ffff:') ? (readAddress(text)?.toString() ?? text) : text;
