import { sampleJson, sampleNames } from '../../test/samples';
import { parseEvent } from '../events';
import { JobConfig } from '../job-config';
import { detailsMissingIn, normalizeResult, withDetails } from '../result';
import { aiMediaAudit } from './ai-media-audit';
import type { SignedSubmission } from './spec';

type Sample = Record<string, unknown> & { Data: unknown };
const mediaId = '3d3d12340d92c641401fab46a0b847f1';
const jobId = 'bdbc266af6893943a70176d92e990d17';
const events = sampleNames('events').filter((name) => name.startsWith('AIMediaAuditComplete'));
const jsonOf = (data: unknown) => (typeof data === 'string' ? data : JSON.stringify(data));

function audited(data: unknown) {
  const result = normalizeResult('AIMediaAudit', jsonOf(data));
  if (!result.ok || result.normalized.type !== 'AIMediaAudit') throw new Error('not an audit');
  return result.normalized;
}

const sexy = (atMs: number, score: number) => ({
  atMs,
  label: 'sexy',
  score,
  url: `http://temp-testbucket.oss-cn-shanghai.aliyuncs.com/aivideocensor/${mediaId}/${atMs}-${atMs === 1005 ? 0 : 1}.jpg`,
});

describe('An automated review', () => {
  it.each(events)('ends with an event of any form: %s', (name) => {
    const event = parseEvent(Buffer.from(JSON.stringify(sampleJson('events', name))));
    expect(event).toMatchObject({ kind: 'completion', type: 'AIMediaAudit', jobId, mediaId });
    expect(event).toMatchObject({ eventTime: expect.any(Date), status: name.includes('fail') ? 'fail' : 'success' });
  });

  it('has its advice, what was found, and where in the video, in the order of time', () => {
    expect(audited(sampleJson<Sample>('events', 'AIMediaAuditComplete.success.json').Data)).toEqual({
      type: 'AIMediaAudit',
      suggestion: 'review',
      labels: ['porn'],
      checks: [
        {
          part: 'video',
          scene: 'porn',
          suggestion: 'review',
          label: 'sexy',
          score: 92.48,
          found: 6,
          moments: [sexy(1005, 92.48), sexy(9005, 91.82)],
        },
        { part: 'video', scene: 'terrorism', suggestion: 'pass', label: 'normal', score: 100, found: 0, moments: [] },
        ...[
          { scene: 'porn', score: 65.25 },
          { scene: 'terrorism', score: 100 },
        ].map((one) => ({
          part: 'cover',
          suggestion: 'pass',
          label: 'normal',
          found: 0,
          moments: [],
          url: 'http://www.example.com/cover/43a91d.jpg',
          ...one,
        })),
        {
          part: 'title',
          scene: 'antispam',
          suggestion: 'pass',
          label: 'normal',
          score: 99.91,
          found: 0,
          moments: [],
          text: 'My holiday',
        },
      ],
    });
  });

  it('is the same as text and as an object', () => {
    const [object, text] = ['seconds', 'data-string'].map(
      (form) => sampleJson<Sample>('events', `AIMediaAuditComplete.success-${form}.json`).Data,
    );
    expect([typeof object, typeof text]).toEqual(['object', 'string']);
    expect(audited(text)).toEqual(audited(object));
  });

  it('has a check for each thing that was looked for, of video, cover, title and sound', () => {
    const { checks } = audited(sampleJson<Sample>('events', 'AIMediaAuditComplete.full-model.json').Data);
    expect(new Set(checks.map(({ part, scene }) => `${part} ${scene}`))).toEqual(
      new Set([
        ...['porn', 'terrorism', 'ad', 'live', 'logo'].map((scene) => `video ${scene}`),
        'cover porn',
        'cover terrorism',
        'title antispam',
        'audio antispam',
      ]),
    );
  });

  it('is not guessed: without an advice that is known there is no result', () => {
    for (const data of [{}, { Suggestion: 'fine' }, { Label: 'normal' }]) {
      const reason = 'Suggestion is none of block, review, pass';
      expect(normalizeResult('AIMediaAudit', JSON.stringify(data))).toEqual({ ok: false, reason });
    }
    expect(audited({ Suggestion: 'Pass', Label: 'normal', VideoResult: { PornResult: { Label: 'x' } } })).toEqual({
      type: 'AIMediaAudit',
      suggestion: 'pass',
      labels: [],
      checks: [],
    });
  });
});

describe('The moments that the result leaves out', () => {
  const result = audited(sampleJson<Sample>('events', 'AIMediaAuditComplete.success.json').Data);
  const timeline = sampleJson<Sample>('api', 'GetMediaAuditResultTimeline.response.json')['MediaAuditResultTimeline'];
  const call = detailsMissingIn(result);
  const momentsWith = (details: unknown) => {
    const whole = call && withDetails(result, call, JSON.stringify(details));
    return whole?.type === 'AIMediaAudit' ? whole.checks[0]?.moments.map(({ atMs }) => atMs) : null;
  };

  it('are in the timeline, which is asked for only then', () => {
    expect(call?.operation).toBe('GetMediaAuditResultTimeline');
    expect(momentsWith(timeline)).toEqual([1005, 6005, 9005]);
    expect(detailsMissingIn(audited({ Suggestion: 'pass', Label: 'normal' }))).toBeNull();
  });

  it('are not taken from a timeline with more than this job has found, nor from one that cannot be read', () => {
    const Porn = [1, 2, 3, 4, 5].map((second) => ({ Label: 'sexy', Score: '90', Timestamp: String(second * 1000) }));
    expect(momentsWith({ Porn })).toEqual([1005, 9005]);
    expect(momentsWith(null)).toEqual([1005, 9005]);
    expect(call && withDetails(result, call, null)).toEqual(result);
  });
});

describe('A submission of a review', () => {
  const submission: SignedSubmission = {
    operation: 'SubmitAIMediaAuditJob',
    mediaId,
    types: ['AIMediaAudit'],
    config: null,
    extend: 'e',
    nonce: 'n',
    signedAt: new Date(0),
  };
  const { params, accepted } = aiMediaAudit.submit;

  it('has its config as parameters of the call, the same text for the same config', () => {
    const config = { AIMediaAudit: { TemplateId: 't1', MediaAuditConfiguration: { ResourceType: 'a_1', B: 'b' } } };
    const turned = { AIMediaAudit: { MediaAuditConfiguration: { B: 'b', ResourceType: 'a_1' }, TemplateId: 't1' } };
    const expected = { TemplateId: 't1', MediaAuditConfiguration: '{"B":"b","ResourceType":"a_1"}' };
    expect(params({ ...submission, config })).toEqual(expected);
    expect(params({ ...submission, config: turned })).toEqual(expected);
    expect(params(submission)).toEqual({});
  });

  it('is accepted by a JobId for our media', () => {
    const answer = sampleJson<Sample>('api', 'SubmitAIMediaAuditJob.response.json');
    expect(accepted(answer, submission)).toEqual([{ type: 'AIMediaAudit', vodJobId: jobId }]);
    expect(accepted({ ...answer, MediaId: 'another' }, submission)).toEqual([]);
    expect(accepted({ RequestId: 'r' }, submission)).toEqual([]);
  });

  it.each([
    [{ TemplateId: 't1', MediaAuditConfiguration: { ResourceType: 'a_1' } }, null],
    [{ TemplateId: 5 }, 'expected the id of an AI template as text, got 5'],
    [{ MediaAuditConfiguration: 'x' }, 'expected an object, got "x"'],
    [{ MediaAuditConfiguration: { Type: 'x' } }, 'expected one of the keys ResourceType, got "Type"'],
    [{ MediaAuditConfiguration: { ResourceType: 'a b' } }, 'ResourceType: expected letters, digits and _, got "a b"'],
    [{ MediaAuditConfiguration: { ResourceType: 'x'.repeat(128) } }, null],
    [
      { MediaAuditConfiguration: { ResourceType: 'x'.repeat(129) } },
      `ResourceType: expected letters, digits and _, got "${'x'.repeat(59)}…`,
    ],
    [{ MediaAuditConfiguration: { ResourceType: 5 } }, 'ResourceType: expected letters, digits and _, got 5'],
    [{ MediaId: 'another' }, 'expected one of the keys TemplateId, MediaAuditConfiguration'],
  ])('may be configured as VOD documents it: %j', (config, problem) => {
    const problems = new JobConfig().problems({ AIMediaAudit: config });
    expect(problems.map(({ message }) => message)).toEqual(problem === null ? [] : [problem]);
  });
});

describe('A read of a review', () => {
  const { jobs, saysMissing } = aiMediaAudit.read;
  const answer = sampleJson<Record<string, object>>('api', 'GetAIMediaAuditJob.response.json');

  it('is of one job, and its data is the result', () => {
    const read = jobs(answer, [jobId]);
    expect(read).toMatchObject({ jobs: [{ jobId, mediaId, type: 'AIMediaAudit', status: 'success' }], missing: [] });
    expect(audited(read?.jobs[0]?.data)).toMatchObject({ suggestion: 'review' });
  });

  it('says nothing when the answer is about another job, and has no job in another shape', () => {
    expect(jobs(answer, ['another'])).toEqual({ jobs: [], missing: [] });
    expect(jobs({ RequestId: 'r' }, [jobId])).toBeNull();
  });

  it.each([
    ['NoSuchResource', true],
    ['InvalidJob.NotFound', true],
    ['InvalidVideo.NotFound', false],
    ['InvalidParameter', false],
  ])('refused with %s: the JobId is not known is %j', (code, isMissing) => {
    expect(saysMissing?.test(code)).toBe(isMissing);
  });

  it('has the media’s latest result as its second source, in the same form', () => {
    const { MediaAuditResult } = sampleJson<Record<string, object>>('api', 'GetMediaAuditResult.response.json');
    expect(aiMediaAudit.fallback).toEqual({ operation: 'GetMediaAuditResult', answersWith: 'MediaAuditResult' });
    expect(audited(MediaAuditResult)).toMatchObject({ suggestion: 'review', labels: ['porn'] });
  });
});
