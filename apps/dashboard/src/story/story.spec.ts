import type { HistoryAnswer } from '@app/contract';
import { describeEntry, transitions, type HistoryEntry } from '@app/domain';
import { story as en } from '../i18n/en/story';
import { story as zh } from '../i18n/zh/story';
import { tellIn, type Tell } from './story';

type HistoryItem = HistoryAnswer['items'][number];

const sentences = { en: en as Record<string, string>, zh: zh as Record<string, string> };

function tellOf(language: 'en' | 'zh') {
  const t: Tell = (key, values) =>
    (sentences[language][key] ?? key).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(values[name]));
  return (item: HistoryItem) => tellIn(t, (key) => key in sentences[language], item);
}

function line(event: string, detail: HistoryItem['detail'] = {}, actor: string | null = null): HistoryItem {
  const entry = { event, from: null, to: 'queued', attempt: 2, actor, detail } as const;
  return {
    ...entry,
    at: '2026-11-25T12:00:00.000Z',
    version: 1,
    text: describeEntry(entry as unknown as HistoryEntry),
  };
}

describe('the story in the language of the page', () => {
  const events = ['created', ...new Set(Object.values(transitions).flatMap((steps) => Object.keys(steps)))];

  it.each(['en', 'zh'] as const)('has a sentence in %s for every event of the domain', (language) => {
    expect(events.filter((event) => !(event in sentences[language]))).toEqual([]);
  });

  it.each(events)('leaves no gap in the sentence for %s', (event) => {
    expect(tellOf('zh')(line(event))).not.toMatch(/\{\{|undefined/);
  });

  it("names what happened and a person's reason", () => {
    const retried = line('retried', { reason: 'the file is there now' }, 'ada');
    expect(tellOf('en')(retried)).toBe('Queued again by ada: the file is there now');
    expect(tellOf('zh')(retried)).toBe('ada 要求重试，已重新排队：the file is there now');
    expect(tellOf('en')(line('refused', { code: 'InvalidParameter', message: 'no' }))).toBe(
      'VOD refused attempt 2: InvalidParameter, no',
    );
  });

  it('tells a result that cannot be used, and one that contradicts its event', () => {
    expect(tellOf('en')(line('read_succeeded', { source: 'ListAIJob', problem: 'not JSON' }))).toContain(
      'unusable: not JSON',
    );
    expect(tellOf('en')(line('read_failed', { code: 'A', message: 'b', contradicts: 'success' }))).toBe(
      'VOD failed: A, b (although the event said success)',
    );
  });

  it('comes in the words of the API where the page is too old to know an event', () => {
    expect(tellOf('zh')({ ...line('created'), event: 'teleported', text: 'Teleported' })).toBe('Teleported');
  });
});
