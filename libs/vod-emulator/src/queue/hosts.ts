import type { IncomingMessage } from 'node:http';

/** Where the queues are on the emulator's port: `/_mns/{region}/queues/…`. */
export const QUEUES_PATH = '/_mns';

/**
 * The hosts of SMQ, in public and in private networks: `{account}.mns.{region}[-internal][-vpc].aliyuncs.com`, and the same
 * with `.localhost` in the end, which leads to this machine by itself.
 */
const HOST = /^[a-z0-9-]{1,63}\.mns\.([a-z0-9-]{1,63})\.(?:aliyuncs\.com|localhost)(?::\d{1,5})?$/i;

/** An URL in the place of a path, as a client sends it that takes this server for its proxy. */
const ABSOLUTE = /^http:\/\/([^/?#]*)([^#]*)/i;

/** The region of one of SMQ's hosts, undefined for any other host. */
export function regionOfHost(host: string | undefined): string | undefined {
  const [, region] = (host === undefined ? null : HOST.exec(host)) ?? [];
  return region?.toLowerCase().replace(/-vpc$/, '').replace(/-internal$/, '');
}

/** The region of an endpoint as VOD is told one: of SMQ's, or of this server behind QUEUES_PATH. */
export function regionOfEndpoint(endpoint: string): string | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const { host, pathname } = new URL(endpoint);
  const [empty, root, region, ...rest] = pathname.split('/');
  const isOurs = empty === '' && `/${root}` === QUEUES_PATH && rest.join('') === '';
  return regionOfHost(host) ?? (isOurs ? region : undefined);
}

/** Leads a request for one of SMQ's hosts to its queues, whatever its path: nothing else is reached by such a name. */
export function leadToQueues({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): string {
  const [, authority, rest = ''] = ABSOLUTE.exec(url) ?? [];
  const region = regionOfHost(authority ?? headers.host);
  if (region === undefined) return url;
  return `${QUEUES_PATH}/${region}${authority === undefined ? url : rest}`;
}
