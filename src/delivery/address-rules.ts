/** The addresses that a webhook may go to: public Internet addresses, and the ranges that the operator allows. */
import ipaddr from 'ipaddr.js';
import { isWithin, unmapped, type Address, type AddressRange } from '../common/address-ranges.js';

/** The IPv6 space that is assigned for hosts of the Internet (RFC 4291 §2.4, IANA). */
const GLOBAL_IPV6: AddressRange = ipaddr.parseCIDR('2000::/3');

/**
 * Azure's wire server returns a machine's secrets. The metadata addresses of other clouds are link-local, shared or
 * private.
 */
const CLOUD_PLATFORM: readonly AddressRange[] = [ipaddr.parseCIDR('168.63.129.16/32')];

/**
 * @param onlyAllowed true if public addresses are refused too
 * @returns the fault of the address; null if it is allowed
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
  // ipaddr.js reports `unicast` for every address without a named range, including ::127.0.0.1.
  return address.kind() === 'ipv4' || isWithin(address, [GLOBAL_IPV6]) ? 'public' : 'unassigned';
};
