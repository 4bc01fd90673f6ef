import { isIP, isIPv4 } from 'node:net';

/**
 * Who is behind an address, as far as one can tell: an IPv4 address, or the /64 of an IPv6 one, since whoever has one address
 * of it has all. Null for what is no address: what a proxy says of others may be anything.
 */
export function networkOf(said: string | undefined): string | null {
  const [address = ''] = withoutPort(said?.trim() ?? '').split('%'); // `fe80::1%eth0` has a zone
  if (!isIP(address)) return null;
  if (isIPv4(address)) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  return mapped !== undefined && isIPv4(mapped) ? mapped : `${firstGroups(address).join(':')}::/64`;
}

/** Some proxies add it: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function withoutPort(said: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(said)?.[1] ?? /^([\d.]+):\d+$/.exec(said)?.[1] ?? said;
}

/** The first four of the eight groups, of which `::` leaves out as many as are missing. */
function firstGroups(address: string): string[] {
  const [head = '', tail = ''] = address.split('::');
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'));
  const [first, last] = [groupsOf(head), groupsOf(tail)];
  const dotted = address.includes('.') ? 1 : 0; // an IPv4 address at the end stands for two
  const left = address.includes('::') ? 8 - first.length - last.length - dotted : 0;
  const groups = [...first, ...Array.from({ length: left }, () => '0'), ...last].slice(0, 4);
  return groups.map((group) => parseInt(group, 16).toString(16));
}
