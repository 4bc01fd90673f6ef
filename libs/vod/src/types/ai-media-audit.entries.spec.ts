import type { AuditCheck } from '@app/domain';
import { detailsMissingIn, normalizeResult, withDetails } from '../result';

function audited(data: object) {
  const result = normalizeResult('AIMediaAudit', JSON.stringify({ Suggestion: 'review', ...data }));
  if (!result.ok || result.normalized.type !== 'AIMediaAudit') throw new Error('not an audit');
  return result.normalized;
}

const check: AuditCheck = {
  part: 'title',
  scene: 'antispam',
  suggestion: 'pass',
  label: 'normal',
  score: 99.5,
  found: 0,
  moments: [],
};
const entry = { Suggestion: 'pass', Label: 'normal', Scene: 'antispam', Score: '99.5' };

describe('The labels of a review', () => {
  it.each([
    ['porn', ['porn']],
    ['porn,terrorism', ['porn', 'terrorism']],
    [' porn , terrorism ', ['porn', 'terrorism']],
    ['normal', []],
    ['porn, normal', ['porn']],
    ['porn,,  ,ad,', ['porn', 'ad']],
    ['', []],
    [null, []],
    [{ a: 'porn' }, []],
  ])('are of %j what is not normal, trimmed: %j', (Label, labels) => {
    expect(audited({ Label }).labels).toEqual(labels);
  });
});

describe('A check of a title or of the sound', () => {
  it.each<[string, unknown, AuditCheck[]]>([
    ['with everything', { ...entry, Content: 'My holiday' }, [{ ...check, text: 'My holiday' }]],
    ['without text', entry, [check]],
    ['with an advice in capitals and blanks', { ...entry, Suggestion: ' BLOCK ' }, [{ ...check, suggestion: 'block' }]],
    ['with a score that is a word', { ...entry, Score: 'high' }, [{ ...check, score: null }]],
    ['without a score', { ...entry, Score: undefined }, [{ ...check, score: null }]],
    ['without an advice', { ...entry, Suggestion: undefined }, []],
    ['with an advice that is not known', { ...entry, Suggestion: 'fine' }, []],
    ['without a label', { ...entry, Label: undefined }, []],
    ['with an empty label', { ...entry, Label: '' }, []],
    ['without a scene', { ...entry, Scene: undefined }, []],
    ['that is null', null, []],
    ['that is a word', 'pass', []],
  ])('%s is read as far as it goes, and the next one stays', (_, given, checks) => {
    const next = { ...entry, Score: 1 };
    const read = [...checks, { ...check, score: 1 }];
    expect(audited({ TextResult: [given, next] }).checks).toEqual(read);
    expect(audited({ AudioResult: JSON.stringify([given, next]) }).checks).toEqual(
      read.map((one) => ({ ...one, part: 'audio' })),
    );
  });
});

describe('A check of a cover', () => {
  const cover: AuditCheck = { ...check, part: 'cover', scene: 'porn' };
  const result = { ...entry, Scene: 'porn' };

  it.each<[string, unknown, AuditCheck[]]>([
    ['with its picture', { Url: 'http://c', Result: [result] }, [{ ...cover, url: 'http://c' }]],
    ['without a picture', { Result: [result] }, [cover]],
    ['with an empty picture', { Url: '', Result: result }, [cover]],
    ['with a result that cannot be read', { Result: [null, { Scene: 'porn' }, 'x', result] }, [cover]],
    ['without results', { Url: 'http://c' }, []],
    ['that is null', null, []],
    ['that is a word', 'x', []],
  ])('%s is read as far as it goes', (_, given, checks) => {
    expect(audited({ ImageResult: [given] }).checks).toEqual(checks);
  });
});

const video = (result: object, member = 'PornResult') =>
  audited({ VideoResult: { [member]: { Suggestion: 'review', Label: 'sexy', ...result } } });

describe('What was found in a video', () => {
  it.each([
    [
      'the sum of what is not normal',
      [
        { Label: 'sexy', Count: 2 },
        { Label: 'porn', Count: '3' },
      ],
      5,
    ],
    [
      'nothing of what is normal',
      [
        { Label: 'sexy', Count: 2 },
        { Label: 'normal', Count: 9 },
      ],
      2,
    ],
    [
      'nothing of a count that is a word',
      [
        { Label: 'sexy', Count: 'many' },
        { Label: 'porn', Count: 3 },
      ],
      3,
    ],
    ['nothing of entries that are none', [null, 'x', { Label: 'porn', Count: 3 }], 3],
    ['nothing when there is no list', undefined, 0],
  ])('is %s', (_, CounterList, found) => {
    expect(video({ CounterList }).checks).toMatchObject([{ part: 'video', scene: 'porn', found }]);
  });
});

describe('The moments of a video', () => {
  const moment = (Timestamp: unknown, more: object = {}) => ({ Label: 'sexy', Score: '90', Timestamp, ...more });
  const at = (atMs: number, more: object = {}) => ({ atMs, label: 'sexy', score: 90, ...more });

  it.each<[string, unknown, unknown[]]>([
    ['are in the order of time', [moment('9005'), moment(10005), moment('1005')], [at(1005), at(9005), at(10005)]],
    ['have their pictures', [moment(1, { Url: 'http://p' })], [at(1, { url: 'http://p' })]],
    ['may lack their pictures', [moment(1, { Url: '' })], [at(1)]],
    ['may lack their scores', [moment(1, { Score: 'high' })], [at(1, { score: null })]],
    ['are left out without a time', [moment(undefined), moment(2)], [at(2)]],
    ['are left out when the time is a word', [moment('soon'), moment(2)], [at(2)]],
    ['are left out without a label', [moment(1, { Label: undefined }), moment(2)], [at(2)]],
    ['are left out when they are normal', [moment(1, { Label: 'normal' }), moment(2)], [at(2)]],
    ['are left out when they are none', [null, 'x', 3, moment(2)], [at(2)]],
    ['may come as text', JSON.stringify([moment(2)]), [at(2)]],
    ['may be none', undefined, []],
  ])('%s', (_, TopList, moments) => {
    expect(video({ TopList }).checks[0]?.moments).toEqual(moments);
  });

  const whole = (own: number[], found: number, timeline: object, member = 'PornResult') => {
    const CounterList = [{ Label: 'sexy', Count: found }];
    const result = video({ CounterList, TopList: own.map((time) => moment(time)) }, member);
    const call = detailsMissingIn(result);
    const added = call && withDetails(result, call, JSON.stringify(timeline));
    return added?.type === 'AIMediaAudit' ? added.checks[0]?.moments.map(({ atMs }) => atMs) : null;
  };
  const Porn = [moment(4000), moment(1000), moment(2000)];

  it.each<[string, number, number[], object, number[]]>([
    ['are completed up to what was found', 4, [1000, 3000], { Porn }, [1000, 2000, 3000, 4000]],
    ['are named once, though the timeline names them again', 5, [1000, 4000], { Porn }, [1000, 2000, 4000]],
    ['stay as they are when the timeline has one too many', 3, [1000, 3000], { Porn }, [1000, 3000]],
    ['stay as they are when the timeline has none', 3, [1000], { Porn: [] }, [1000]],
    ['are not those of another scene', 9, [1000], { Ad: Porn }, [1000]],
  ])('%s', (_, found, own, timeline, moments) => {
    expect(whole(own, found, timeline)).toEqual(moments);
  });

  it.each(['Porn', 'Terrorism', 'Ad', 'Live', 'Logo'])('are looked up by their scene: %s', (scene) => {
    const timeline = { Porn: [], Terrorism: [], Ad: [], Live: [], Logo: [], [scene]: [moment(7)] };
    expect(whole([], 1, timeline, `${scene}Result`)).toEqual([7]);
  });
});
