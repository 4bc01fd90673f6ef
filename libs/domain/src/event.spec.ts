import { completionsOf, type JobType } from './index';

describe('The events that can be about the end of a job', () => {
  const table: Record<JobType, string[]> = {
    AIVideoTag: ['AIVideoTagComplete', 'VideoAIComplete', 'AIComplete'],
    AIMediaDNA: ['AIMediaDNAComplete', 'VideoAIComplete', 'AIComplete'],
    AIMediaAudit: ['AIMediaAuditComplete', 'VideoAIComplete', 'AIComplete'],
  };

  it.each(Object.entries(table) as [JobType, string[]][])(
    'are for %s its own and the two that all types share',
    (type, events) => {
      expect(completionsOf(type)).toEqual(events);
    },
  );
});
