import type { ApiError, SubmitBody } from '@app/client';
import type { MeAnswer } from '@app/contract';
import { LABELS_MAX, LABEL_VALUE_MAX, label } from '@app/contract/rules';
import { jobTypes, type JobType, type Priority } from '@app/domain';

/** What is the same for every media of a submission, as it is filled in. */
export interface Settings {
  types: JobType[];
  region: string;
  priority: Priority;
  /** As key:value. */
  labels: string[];
  /** JSON text, or none. */
  config: Partial<Record<JobType, string>>;
  /** Another one has everything done once more. */
  run: string;
}

/** By these an error finds its field; `other` has none. */
export type Field = 'types' | 'region' | 'priority' | 'labels' | 'run' | `config.${JobType}` | 'other';

/** A key of `submit:mistakes`, or what the api said. */
type Mistake = { key: MistakeName; value?: string } | { said: string };
type MistakeName = 'noTypes' | 'notOffered' | 'label' | 'eachKeyOnce' | 'tooManyLabels' | 'longValue' | 'notAnObject';
export type Mistakes = Partial<Record<Field, Mistake>>;

export function firstSettings(me: MeAnswer): Settings {
  return { types: [], region: me.regions[0]?.region ?? '', priority: 'normal', labels: [], config: {}, run: '' };
}

/** What the api would refuse, said before it is asked. */
export function mistakesIn(settings: Settings, me: MeAnswer): Mistakes {
  const { types, region, labels } = settings;
  const mistakes: Mistakes = {};
  const offered = offeredIn(region, me);
  const missing = types.find((type) => !offered.includes(type));
  if (types.length === 0) mistakes.types = { key: 'noTypes' };
  else if (missing) mistakes.types = { key: 'notOffered', value: region };
  const wrongLabels = mistakeInLabels(labels);
  if (wrongLabels) mistakes.labels = wrongLabels;
  for (const type of types) {
    const text = settings.config[type] ?? '';
    if (text.trim() !== '' && !objectIn(text)) mistakes[`config.${type}`] = { key: 'notAnObject' };
  }
  return mistakes;
}

export function offeredIn(region: string, me: MeAnswer): JobType[] {
  return me.regions.find((one) => one.region === region)?.types ?? [];
}

function mistakeInLabels(labels: string[]): Mistake | null {
  const wrong = labels.find((one) => !label.fits(one));
  if (wrong !== undefined) return { key: 'label', value: wrong };
  const pairs = labels.map(pairOf);
  const keys = pairs.map(([key]) => key);
  const repeated = keys.find((key, at) => keys.indexOf(key) < at);
  if (repeated !== undefined) return { key: 'eachKeyOnce', value: repeated };
  const long = pairs.find(([, value]) => value.length > LABEL_VALUE_MAX);
  if (long) return { key: 'longValue', value: long[0] };
  return labels.length > LABELS_MAX ? { key: 'tooManyLabels' } : null;
}

/** What is sent for one media. */
export function bodyFor(mediaId: string, { types, region, priority, labels, config }: Settings): SubmitBody {
  const chosen = jobTypes.filter((type) => types.includes(type));
  const given = chosen.flatMap((type) => {
    const value = objectIn(config[type] ?? '');
    return value ? [[type, value] as const] : [];
  });
  return {
    mediaId,
    types: chosen,
    config: Object.fromEntries(given) as NonNullable<SubmitBody['config']>,
    region,
    priority,
    labels: Object.fromEntries(labels.map(pairOf)),
  };
}

/** What the api refuses about the settings, by field; null when it is about something else, a media for example. */
export function mistakesOf(error: ApiError): Mistakes | null {
  if (error.code === 'unsupported_in_region') return { region: { said: error.detail } };
  if (error.status !== 400) return null;
  const errors = (error.errors ?? []).filter(({ path }) => path !== 'mediaId');
  const said = errors.map(({ path, message }) => ({ field: fieldOf(path), text: textOf(path, message) }));
  const fields = [...new Set(said.map(({ field }) => field))];
  if (fields.length === 0) return null;
  const textsOf = (field: Field) => said.filter((one) => one.field === field).map(({ text }) => text);
  return Object.fromEntries(fields.map((field) => [field, { said: textsOf(field).join('; ') }]));
}

function fieldOf(path: string): Field {
  const [name, type] = path.split('.');
  const known = jobTypes.find((one) => one === type);
  if (name === 'config' && known) return `config.${known}`;
  return (['types', 'region', 'priority', 'labels'] as const).find((one) => one === name) ?? 'other';
}

/** Below the field's own name, where in it. */
function textOf(path: string, message: string): string {
  const parts = path.split('.');
  const within = fieldOf(path) === 'other' ? path : parts.slice(parts[0] === 'config' ? 2 : 1).join('.');
  return within === '' ? message : `${within}: ${message}`;
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function pairOf(text: string): [string, string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}
