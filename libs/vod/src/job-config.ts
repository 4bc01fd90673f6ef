import { ConfigError } from '@app/config';
import { byType, jobTypes, type JobType } from '@app/domain';
import { fieldsOf } from './fields';
import { catalogue, type ConfigRule } from './types';

/** One thing wrong with a request's config, by its path in the request. */
export interface ConfigProblem {
  path: string;
  message: string;
}

/** A key, or a value of one, that VOD has learned since this was written: `AIVideoTag.AnalyseTypes=NewOne`, `AIMediaDNA.NewKey`. */
export interface ConfigExtra {
  type: string;
  key: string;
  value: string | null;
}

type Rules = Record<JobType, Record<string, ConfigRule>>;

const AT_MOST = 20;

/**
 * What VOD's Config may say. VOD bills a job whose config it doesn't understand like any other, so what isn't known here is
 * refused before anything is stored.
 */
export class JobConfig {
  private readonly rules: Rules = byType((type) => ({ ...catalogue[type].config.keys }));

  /** @throws ConfigError for an extra that can't be one */
  constructor(extras: readonly ConfigExtra[] = []) {
    for (const extra of extras) this.add(extra);
  }

  problems(config: Readonly<Record<string, unknown>>): ConfigProblem[] {
    return jobTypes
      .flatMap((type) => this.problemsOf(type, (config[type] ?? {}) as Record<string, unknown>))
      .slice(0, AT_MOST);
  }

  private problemsOf(type: JobType, given: Record<string, unknown>): ConfigProblem[] {
    const rules = this.rules[type];
    const problems = Object.entries(given).flatMap(([key, value]) => {
      // hasOwn: "constructor" is no key of VOD's.
      const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
      const message = rule ? wrongIn(rule, value) : `expected one of the keys ${Object.keys(rules).join(', ')}`;
      return message === null ? [] : [{ path: `config.${type}.${key.slice(0, 64)}`, message }];
    });
    if (problems.length > 0) return problems;
    const objection = catalogue[type].config.objection?.(given) ?? null;
    return objection === null ? [] : [{ path: `config.${type}.${objection.key}`, message: objection.message }];
  }

  private add({ type, key, value }: ConfigExtra): void {
    const known = jobTypes.find((one) => one === type);
    if (known === undefined) throw wrongExtra(`a type of job, ${jobTypes.join(' or ')}, before the dot`, type);
    const rules = this.rules[known];
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (value === null) rules[key] = rule ?? { is: 'anything' };
    else if (rule?.is === 'list') rules[key] = { ...rule, of: [...new Set([...rule.of, value])] };
    else throw wrongExtra(`a value only for ${listsOf(this.rules).join(' or ')}`, `${type}.${key}=${value}`);
  }
}

function listsOf(rules: Rules): string[] {
  return jobTypes.flatMap((type) =>
    Object.entries(rules[type]).flatMap(([key, rule]) => (rule.is === 'list' ? [`${type}.${key}`] : [])),
  );
}

function wrongExtra(expected: string, got: string): ConfigError {
  return new ConfigError([{ variable: 'VOD_CONFIG_EXTRA', expected, got: JSON.stringify(got) }], {});
}

/** Null when the value is right. */
function wrongIn(rule: ConfigRule, value: unknown): string | null {
  switch (rule.is) {
    case 'list': {
      const isRight = typeof value === 'string' && value.split(',').every((word) => rule.of.includes(word));
      return isRight ? null : `expected a comma list without blanks of ${rule.of.join(', ')}, got ${shown(value)}`;
    }
    case 'flag':
      return typeof value === 'boolean' ? null : `expected true or false, got ${shown(value)}`;
    case 'id':
      return typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)
        ? null
        : `expected ${rule.what} as text, got ${shown(value)}`;
    case 'word':
      return typeof value === 'string' && /^\w{1,128}$/.test(value)
        ? null
        : `expected letters, digits and _, got ${shown(value)}`;
    case 'members':
      return wrongInMembers(rule.of, value);
    case 'anything':
      return null;
  }
}

function wrongInMembers(rules: Readonly<Record<string, ConfigRule>>, value: unknown): string | null {
  const given = fieldsOf(value);
  if (given === null) return `expected an object, got ${shown(value)}`;
  for (const [key, member] of Object.entries(given)) {
    const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
    if (!rule) return `expected one of the keys ${Object.keys(rules).join(', ')}, got ${shown(key)}`;
    const wrong = wrongIn(rule, member);
    if (wrong !== null) return `${key}: ${wrong}`;
  }
  return null;
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
