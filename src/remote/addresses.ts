/** Which IP addresses belong to the public internet. */
import ipaddr from "ipaddr.js";

/** What ipaddr.js takes for ordinary addresses and is not. */
const NOT_PUBLIC = {
  v4: [
    // Azure's platform endpoint: credentials for the machine, at a public address.
    ipaddr.IPv4.parseCIDR("168.63.129.16/32"),
  ],
  v6: [
    // 6bone, returned in 2006 (RFC 3701).
    ipaddr.IPv6.parseCIDR("3ffe::/16"),
  ],
};

/** All that is assigned as global unicast (IANA IPv6 address space; RFC 4291). */
const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Whether packets to the address can only go to a host on the public internet. Special ranges are
 * those of IANA's special-purpose registries (RFC 6890), as ipaddr.js has them; IPv6 ranges that
 * carry an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo) are none of the public internet,
 * whichever address they carry.
 * @param text an address in its usual notation; anything else is not public
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== "unicast") return false;
  if (address instanceof ipaddr.IPv4) return !NOT_PUBLIC.v4.some((range) => address.match(range));
  return address.match(GLOBAL_UNICAST_V6) && !NOT_PUBLIC.v6.some((range) => address.match(range));
}

/** Whether a URL's host is an address: the URL parser leaves IPv4 as four decimals, IPv6 in brackets. */
export function readAddress(hostname: string): string | undefined {
  if (hostname.startsWith("[")) return hostname.slice(1, -1);
  return ipaddr.IPv4.isValidFourPartDecimal(hostname) ? hostname : undefined;
}
