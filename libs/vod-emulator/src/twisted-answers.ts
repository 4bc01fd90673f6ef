import { otherId } from './chance';
import type { ContentFault } from './faults';
import type { Job, JobBook } from './jobs';
import { describeJob } from './operations/read';
import type { Answer } from './rpc';
import type { Settings } from './settings';

// Answers that are well formed and wrong.

interface Entry {
  JobId: string;
  MediaId?: string;
  Status?: string;
  Data?: string | object;
}

/** The answers of the operations, as far as the faults look at them. */
export interface Body {
  AIJobList?: { AIJob: Entry[] };
  NonExistAIJobIds?: { String: string[] };
  JobInfoList?: Entry[];
  MediaAuditJob?: Entry;
  VideoTagResult?: object;
  DNAResult?: object;
  MediaAuditResult?: object;
}

interface Surroundings {
  jobs: JobBook;
  region: string;
  nowMs: number;
  /** One ListAIJob may be about ten media, and the rule about one of them. */
  concerns: (mediaId: string) => boolean;
}

interface Twist {
  body: Body;
  struck: { jobIds?: string[]; mediaId?: string };
}

/** Undefined when the fault finds nothing to change. */
export function twistBody(fault: ContentFault, body: Body, around: Surroundings): Twist | undefined {
  const entries = entriesOf(body);
  const strangers = (): Job[] => {
    const own = [...entries.map(({ JobId }) => JobId), ...(body.NonExistAIJobIds?.String ?? [])];
    return around.jobs.someOf(around.region, entries.length, own);
  };

  switch (fault.fault) {
    case 'wrong_ids': {
      if (!body.NonExistAIJobIds) return change(body, around, (entry) => ({ ...entry, JobId: otherId(entry.JobId) }));
      const others = strangers().map((job) => describeJob(job, around.nowMs) as Entry);
      return change(body, around, (entry, i) => others[i] ?? { ...entry, JobId: otherId(entry.JobId) });
    }
    case 'other_media':
      return change(body, around, (entry) => ({ ...entry, MediaId: otherId(entry.MediaId ?? '') }));
    case 'missing_type':
      return change(body, around, (_entry, i) => (i === entries.length - 1 ? 'gone' : undefined));
    case 'duplicate_id': {
      const earlier = strangers();
      return change(body, around, (entry, i) => earlier[i] && { ...entry, JobId: earlier[i].jobId });
    }
    case 'vanished': {
      const twist = change(body, around, () => 'gone');
      const { NonExistAIJobIds } = body;
      if (!twist || !NonExistAIJobIds) return twist;
      const ids = [...NonExistAIJobIds.String, ...(twist.struck.jobIds ?? [])];
      return { ...twist, body: { ...twist.body, NonExistAIJobIds: { String: ids } } };
    }
    case 'stale':
      return change(body, around, (entry) => (isOver(entry) ? unfinished(entry) : undefined));
    case 'unknown_status':
      return change(body, around, (entry) => ({ ...entry, Status: fault.status ?? 'unknown' }));
    case 'empty_data':
      return changeResult(body, () => ({})) ?? change(body, around, (entry) => entry.Data && { ...entry, Data: '' });
    case 'malformed_data':
      return (
        changeResult(body, (result) => half(JSON.stringify(result))) ??
        change(body, around, (entry) => entry.Data && { ...entry, Data: half(textOf(entry.Data)) })
      );
  }
}

/** The last step of every answer: VOD's pages print the ids that it doesn't know in three forms. */
export function printed(answer: Answer, { missingIds }: Settings): Answer {
  const { body } = answer;
  const ids = typeof body === 'object' ? (body as Body).NonExistAIJobIds?.String : undefined;
  if (!ids || missingIds === 'array') return answer;
  const text = JSON.stringify(ids);
  return {
    ...answer,
    body: { ...(body as object), NonExistAIJobIds: { String: missingIds === 'text' ? text : [text] } },
  };
}

function entriesOf({ AIJobList, JobInfoList, MediaAuditJob }: Body): Entry[] {
  return AIJobList?.AIJob ?? JobInfoList ?? (MediaAuditJob ? [MediaAuditJob] : []);
}

/** `alter` answers what is there instead, `gone` for nothing, or something empty to leave the entry alone. */
function change(
  body: Body,
  { concerns }: Surroundings,
  alter: (entry: Entry, index: number) => Entry | 'gone' | '' | undefined,
): Twist | undefined {
  const struck: Entry[] = [];
  const entries = entriesOf(body).flatMap((entry, index) => {
    const altered = entry.MediaId === undefined || concerns(entry.MediaId) ? alter(entry, index) : undefined;
    if (!altered) return [entry];
    struck.push(entry);
    return altered === 'gone' ? [] : [altered];
  });
  if (struck.length === 0) return undefined;

  const [mediaId, ...otherMedia] = new Set(struck.map(({ MediaId }) => MediaId));
  return {
    body: { ...body, ...withEntries(body, entries) },
    struck: {
      jobIds: struck.map(({ JobId }) => JobId),
      ...(mediaId !== undefined && otherMedia.length === 0 && { mediaId }),
    },
  };
}

function withEntries({ JobInfoList, MediaAuditJob }: Body, entries: Entry[]): Body {
  if (JobInfoList) return { JobInfoList: entries };
  const [entry] = entries;
  return MediaAuditJob && entry ? { MediaAuditJob: entry } : { AIJobList: { AIJob: entries } };
}

/** The result of a call about a media. */
function changeResult(body: Body, alter: (result: object) => unknown): Twist | undefined {
  for (const name of ['VideoTagResult', 'DNAResult', 'MediaAuditResult'] as const) {
    const result = body[name];
    if (result && Object.keys(result).length > 0) return { body: { ...body, [name]: alter(result) }, struck: {} };
  }
  return undefined;
}

function isOver({ Status }: Entry): boolean {
  return Status === 'success' || Status === 'fail';
}

function unfinished(entry: Entry): Entry {
  const ofTheEnd = ['Code', 'Message', 'CompleteTime', 'Data'];
  const kept = Object.entries(entry).filter(([name]) => !ofTheEnd.includes(name));
  return { ...(Object.fromEntries(kept) as unknown as Entry), Status: 'processing' };
}

function textOf(data: string | object): string {
  return typeof data === 'string' ? data : JSON.stringify(data);
}

function half(text: string): string {
  return text.slice(0, text.length / 2);
}
