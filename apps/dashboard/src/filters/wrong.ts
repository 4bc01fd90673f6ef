import type { Rule } from '@app/contract/rules';
import type { SearchParams } from '../search-params';

/** Why a filter is none: what its rule expects, or how often it may be there. */
type Expected = Rule['name'] | 'known' | 'once' | 'eachKeyOnce';

export interface WrongFilter {
  name: string;
  value: string;
  expected: Expected;
}

/** A filter of a page; `many`: it may be there several times. */
export type FilterRules = Record<string, Rule & { many?: true }>;

interface Filters {
  right: Record<string, string | string[]>;
  /** What the api would refuse. A list that leaves it out in silence shows what nobody asked for. */
  wrong: WrongFilter[];
}

export function readFilters(params: SearchParams, rules: FilterRules): Filters {
  const right: Filters['right'] = {};
  const wrong: WrongFilter[] = [];
  for (const [name, given] of Object.entries(params)) {
    const values = valuesOf(given);
    const rule = rules[name];
    const found = rule ? misfits(values, rule) : values.map((value) => ({ value, expected: 'known' as const }));
    wrong.push(...found.map((one) => ({ name, ...one })));
    const fitting = values.filter((value) => !found.some((one) => one.value === value));
    if (rule?.many && fitting.length > 0) right[name] = fitting;
    if (rule && !rule.many && found.length === 0 && values[0] !== undefined) right[name] = values[0];
  }
  return { right, wrong };
}

function misfits(values: string[], rule: FilterRules[string]): Omit<WrongFilter, 'name'>[] {
  if (values.length > 1 && !rule.many) return [{ value: values.join(', '), expected: 'once' }];
  const fitting = values.filter((value) => rule.fits(value));
  return [
    ...values.filter((value) => !rule.fits(value)).map((value) => ({ value, expected: rule.name })),
    ...(rule.name === 'label' ? repeatedKeys(fitting) : []).map((value) => ({
      value,
      expected: 'eachKeyOnce' as const,
    })),
  ];
}

/** Without one that is wrong. */
export function dropped(params: SearchParams, { name, value, expected }: WrongFilter): SearchParams {
  const { [name]: given, ...others } = params;
  const rest = expected === 'once' ? [] : valuesOf(given).filter((one) => one !== value);
  return rest.length > 0 ? { ...others, [name]: rest } : others;
}

/** An empty one is none. */
export function valuesOf(given: string | string[] | undefined): string[] {
  return given === undefined ? [] : [given].flat().filter((value) => value !== '');
}

function repeatedKeys(labels: string[]): string[] {
  const keys = labels.map((label) => label.slice(0, label.indexOf(':')));
  return labels.filter((_label, at) => keys.indexOf(keys[at] ?? '') < at);
}
