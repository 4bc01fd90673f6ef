import { readObject } from './json';
import type { ReviewScope } from './types';

export const TEMPLATE_TYPES = ['AIMediaAudit', 'AIImage'] as const;
export type TemplateType = (typeof TEMPLATE_TYPES)[number];

export interface Template {
  templateId: string;
  region: string;
  name: string;
  type: TemplateType;
  /** JSON text of an object. */
  config: string;
  createdAt: number;
}

/** The AI templates that were added. Those of VOD's console are none of them. */
export class TemplateBook {
  readonly #byId = new Map<string, Template>();

  add(template: Template): void {
    this.#byId.set(template.templateId, template);
  }

  find(region: string, templateId: string | undefined): Template | undefined {
    const template = this.#byId.get(templateId ?? '');
    return template?.region === region ? template : undefined;
  }

  of(region: string, type: TemplateType): Template[] {
    return [...this.#byId.values()].filter((template) => template.region === region && template.type === type);
  }
}

/** What a review by the template looks at. */
export function reviewScopeOf({ config }: Template): ReviewScope {
  const { AuditItem, AuditRange } = readObject(config) ?? {};
  return { items: textsOf(AuditItem), ranges: textsOf(AuditRange) };
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
