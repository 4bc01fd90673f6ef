import { jobStates } from '@app/domain';
import { allowedActions, refusalOf } from './actions';

const allowed = (state: (typeof jobStates)[number], vodJobId: string | null = '9e82') =>
  allowedActions({ state, vodJobId });

describe('what a person may do', () => {
  it('follows the table of the domain', () => {
    expect(allowed('queued')).toEqual(['cancel']);
    expect(allowed('failed')).toEqual(['retry', 'refetch']);
    expect(allowed('held')).toEqual(['adopt', 'resubmit', 'fail']);
    expect(allowed('succeeded')).toEqual(['refetch']);
    expect(allowed('processing')).toEqual([]);
  });

  it('leaves out to read again what VOD has never had', () => {
    expect(refusalOf('refetch', { state: 'failed', vodJobId: null })).toBe('nothing to read');
    expect(allowed('failed', null)).toEqual(['retry']);
  });
});
