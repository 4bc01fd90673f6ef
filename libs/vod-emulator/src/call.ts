/** One call as it arrived. */
export interface Call {
  method: string;
  region: string;
  /** Query and form together: the gateway makes no difference between them. Of a call signed by headers also what those say. */
  parameters: ReadonlyMap<string, string>;
  /** Only of a call that is signed by headers. */
  signedByHeaders?: SignedByHeaders;
}

/** What ACS3-HMAC-SHA256 covers: the request as it came over the wire. */
export interface SignedByHeaders {
  authorization: string;
  path: string;
  query: readonly (readonly [name: string, value: string])[];
  /** By their names in lower case. */
  headers: ReadonlyMap<string, string>;
  body: Buffer;
}

/** `XML` is VOD's default (docs/vod.md, "Calls"). */
export type Format = 'JSON' | 'XML';

export function formatOf({ parameters }: Pick<Call, 'parameters'>): Format {
  return parameters.get('Format')?.toUpperCase() === 'JSON' ? 'JSON' : 'XML';
}
