/** Which addresses a webhook may go to: those of the public Internet, and what the operator allows. */
import ipaddr from 'ipaddr.js';
import { isWithin, unmapped, type Address, type AddressRange } from '../common/address-ranges.js';

/** All of IPv6 that has been given out for hosts of the Internet (RFC 4291 §2.4, IANA). */
const GLOBAL_IPV6: AddressRange = ipaddr.parseCIDR('2000::/3');

/** Azure's wire server gives a machine its secrets. Metadata addresses of other clouds are link-local, shared or private ones. */
const CLOUD_PLATFORM: readonly AddressRange[] = [ipaddr.parseCIDR('168.63.129.16/32')];

/**
 * @param onlyAllowed where public addresses will not do either
 * @returns what is wrong with the address; null where nothing is
 */
export const addressFault = (
  text: string,
  allowed: readonly AddressRange[],
  { onlyAllowed }: { readonly onlyAllowed: boolean },
): string | null => {
  const address = unmapped(ipaddr.parse(text));
  if (isWithin(address, allowed)) return null;
  const kind = kindOf(address);
  if (kind !== 'public') return `${text} is not a public address (${kind})`;
  return onlyAllowed ? `${text} is a public address, for which http is not safe` : null;
};

const kindOf = (address: Address): string => {
  const kind = address.range();
  if (kind !== 'unicast') return kind;
  if (isWithin(address, CLOUD_PLATFORM)) return 'cloudPlatform';
  // ipaddr.js calls unicast whatever has no name, ::127.0.0.1 too.
  return address.kind() === 'ipv4' || isWithin(address, [GLOBAL_IPV6]) ? 'public' : 'unassigned';
};
