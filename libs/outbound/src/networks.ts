import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Addresses and networks, each as `10.0.0.0/8`, `::1` or the like. */
export class Networks {
  // One for each family: a list of both takes an IPv4 address for its IPv6 form, and that is another question here.
  private readonly v4 = new BlockList();
  private readonly v6 = new BlockList();

  constructor(networks: readonly string[]) {
    for (const network of networks) {
      const [address = '', bits] = network.split('/');
      if (isIPv4(address)) this.v4.addSubnet(address, Number(bits ?? 32), 'ipv4');
      else this.v6.addSubnet(address, Number(bits ?? 128), 'ipv6');
    }
  }

  has(address: string): boolean {
    if (isIPv4(address)) return this.v4.check(address, 'ipv4');
    return isIPv6(address) && this.v6.check(address, 'ipv6');
  }
}

/**
 * Where nothing may go, whatever is allowed: what hands out a machine's keys, and forms of IPv6 that hide an IPv4 address, which would
 * have to be looked at once more. Who means that address can write it.
 */
const never = new Networks([
  '0.0.0.0/8', // this machine, by another name
  '169.254.0.0/16', // link-local: metadata of most clouds (169.254.169.254)
  '100.100.100.200', // metadata of Alibaba Cloud
  '168.63.129.16', // the platform of Azure
  '224.0.0.0/4', // multicast
  '255.255.255.255',
  '::', // this machine, by another name
  '::ffff:0:0/96', // IPv4-mapped
  '::ffff:0:0:0/96', // IPv4-translated
  '64:ff9b::/96', // NAT64
  '64:ff9b:1::/48', // the same in a network of one's own
  '2001::/32', // Teredo
  '2002::/16', // 6to4
  'fe80::/10', // link-local
  'fd00:ec2::/32', // metadata of AWS (fd00:ec2::254)
  'fd20:ce::254', // metadata of Google Cloud
  'ff00::/8', // multicast
]);

/** The first 96 bits 0, and not ::1: an IPv4 address in the form that was given up long ago. */
const compatible = new Networks(['::/96']);
const loopback6 = new Networks(['::1']);

/** By the registries of IANA for addresses of special purposes, what of these is not reached from everywhere. */
const special = new Networks([
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
]);

/** Of IPv6 nothing else has been given to anybody. */
const globalUnicast = new Networks(['2000::/3']);

/** Whether nothing may go there. One with a zone (`fe80::1%eth0`) is link-local. */
export function isForbidden(address: string): boolean {
  if (!isIPv4(address) && (!isIPv6(address) || address.includes('%'))) return true;
  return never.has(address) || (compatible.has(address) && !loopback6.has(address));
}

/** Whether everybody on the internet means the same machine by it. */
export function isGlobal(address: string): boolean {
  if (isForbidden(address) || special.has(address)) return false;
  return isIPv4(address) || globalUnicast.has(address);
}
