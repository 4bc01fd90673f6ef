import * as fc from 'fast-check';
import { eventQuery, jobQuery } from './index';
import { eventFilterRules, jobFilterRules } from './rules';

const samples = [
  'foo',
  'batch:2026-11',
  ':x',
  'batch:',
  'a b:c',
  'team:a:b\n',
  'half:\ud800',
  'nul:\0',
  '3d3d12340d92c641401fab46a0b847f1',
  'a,b',
  'a b',
  'x'.repeat(129),
  'x'.repeat(128),
  '媒体',
  '01930000-0000-7000-8000-000000000000',
  '01930000-0000-7000-8000-00000000000',
  '01930000-0000-0000-0000-000000000000',
  '2026-11-22T09:00:00Z',
  '2026-11-22T09:00Z',
  '2026-11-22T09:00:00+08:00',
  '2026-11-22',
  '2026-13-22T09:00:00Z',
  '2026-02-30T09:00:00Z',
  '2028-02-29T09:00:00Z',
  '2026-11-22T25:00:00Z',
  '2026-11-22T09:00:00.123Z',
  '2026-11-22T09:00:00',
  'yesterday',
  'failed',
  'asleep',
  'AIVideoTag',
  'AIVideoCensor',
  'matched',
  'y'.repeat(400),
];

describe('The rules that a form asks', () => {
  it.each(Object.entries(jobFilterRules))('say of %s what the api says', (name, rule) => {
    for (const text of samples)
      expect([text, rule.fits(text)]).toEqual([text, jobQuery.safeParse({ [name]: text }).success]);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (text) => {
        expect(rule.fits(text)).toBe(jobQuery.safeParse({ [name]: text }).success);
      }),
    );
  });

  it.each(Object.entries(eventFilterRules))('say of %s what the api says of events', (name, rule) => {
    for (const text of samples) {
      expect([text, rule.fits(text)]).toEqual([text, eventQuery.safeParse({ [name]: text }).success]);
    }
  });
});
