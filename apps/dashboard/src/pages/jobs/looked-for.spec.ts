import { meaningsOf } from './looked-for';

it.each([
  ['abc', ['mediaId', 'vodJobId']],
  ['3D3D', ['mediaIdStart', 'vodJobId']],
  ['batch:2026-11', ['mediaIdStart', 'vodJobId', 'label']],
  ['01930000-0000-7000-8000-000000000000', ['mediaIdStart', 'vodJobId', 'jobId', 'requestId']],
])('a search for %s looks for %j', (q, meanings) => {
  expect(meaningsOf(q)).toEqual(meanings);
});
