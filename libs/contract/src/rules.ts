import { eventVerdicts, jobStates, jobTypes } from '@app/domain';

/**
 * What single values look like: for the schemas beside this file, and for a form that says so before it asks. Without zod, which a
 * page would have to load.
 */
export interface Rule {
  /** By which a page finds its own words for it. */
  name: 'vodId' | 'uuid' | 'time' | 'label' | 'text' | 'state' | 'type' | 'verdict';
  fits: (text: string) => boolean;
}

/** VOD specifies no format for its ids: opaque, but they travel in comma lists and URLs. */
export const VOD_ID = /^[\x21-\x2b\x2d-\x7e]{1,128}$/;
export const LABEL_KEY = /^[A-Za-z0-9_./-]{1,64}$/;
export const LABEL = /^[A-Za-z0-9_./-]{1,64}:.*$/s;
export const LABEL_VALUE_MAX = 256;
export const LABELS_MAX = 32;

/** The longest texts that a filter takes. */
export const lengths = { q: 320, region: 64, client: 128, errorCode: 128 };

/** Postgres keeps no NUL, and UTF-8 has no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed(); // guard: storable-text
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;
const TIME = /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** `Date` takes the 30th of February for a day of March. */
function isDay(text: string): boolean {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

const vodId: Rule = { name: 'vodId', fits: (text) => VOD_ID.test(text) };
const uuid: Rule = { name: 'uuid', fits: (text) => UUID.test(text) };
const time: Rule = { name: 'time', fits: (text) => TIME.test(text) && isDay(text.slice(0, 10)) };
export const label: Rule = { name: 'label', fits: (text) => LABEL.test(text) && isStorable(text) };
const text = (max: number): Rule => ({ name: 'text', fits: (value) => value.length <= max && isStorable(value) });
const oneOf = (name: Rule['name'], known: readonly string[]): Rule => ({
  name,
  fits: (value) => known.includes(value),
});

/** Of each filter of `GET /v1/jobs`. */
export const jobFilterRules = {
  q: text(lengths.q),
  state: oneOf('state', jobStates),
  type: oneOf('type', jobTypes),
  mediaId: vodId,
  mediaIdPrefix: vodId,
  vodJobId: vodId,
  requestId: uuid,
  region: text(lengths.region),
  client: text(lengths.client),
  errorCode: text(lengths.errorCode),
  label,
  createdFrom: time,
  createdTo: time,
  cursor: uuid,
} satisfies Record<string, Rule>;

/** Of each filter of `GET /v1/events`. */
export const eventFilterRules = {
  verdict: oneOf('verdict', eventVerdicts),
  mediaId: vodId,
  vodJobId: vodId,
  jobId: uuid,
  cursor: uuid,
} satisfies Record<string, Rule>;
