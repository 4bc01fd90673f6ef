import { lookup, Resolver } from 'node:dns/promises';

export interface Address {
  address: string;
  family: 4 | 6;
}

/** All addresses of a host, at least one. Throws when there is none, or nobody knows. */
export type Resolve = (host: string) => Promise<Address[]>;

/** How long one name server may be silent, and how often it is asked. */
const ASK = { timeout: 2_000, tries: 2 };

/** What a name server says of a name that it does not know, and what there is where no name server is. */
const elsewhere = ['ENOTFOUND', 'ENODATA', 'ECONNREFUSED'];

const looked = new Map<string, Promise<Address[]>>();

/**
 * Asks the name servers, and the system for what they do not know: its file of hosts, its search list. Not the system first: it takes
 * one of two threads that a process has for this, for as long as a name server is silent, and whoever looks for VOD needs them as well.
 */
export const resolveHost: Resolve = async (host) => {
  // RFC 6761: it never leaves the machine.
  const name = host.replace(/\.$/, '');
  if (name === 'localhost' || name.endsWith('.localhost')) {
    return [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ];
  }
  const resolver = new Resolver(ASK);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const found: Address[] = [
    ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 as const })),
    ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 as const })),
  ];
  if (found.length > 0) return found;
  const why: unknown = v4.status === 'rejected' ? v4.reason : new Error('no address');
  if (!elsewhere.includes(String((why as { code?: unknown }).code))) throw why;
  return askSystem(host);
};

/** Once, however many ask at a time. */
function askSystem(host: string): Promise<Address[]> {
  const asking =
    looked.get(host) ??
    lookup(host, { all: true, verbatim: true })
      .then((all) => all.map(({ address, family }): Address => ({ address, family: family === 6 ? 6 : 4 })))
      .finally(() => looked.delete(host));
  looked.set(host, asking);
  return asking;
}
