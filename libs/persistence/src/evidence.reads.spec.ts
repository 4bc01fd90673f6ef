import { Fixture } from '../test/fixture';
import { EvidenceReads } from './index';

describe('The evidence about a job', () => {
  let fixture: Fixture;
  let evidence: EvidenceReads;
  beforeAll(async () => {
    fixture = await Fixture.open();
    evidence = new EvidenceReads(fixture.db);
  });
  afterAll(() => fixture.close());

  it('has the attempts of its request, the events that may be about it, and its neighbours', async () => {
    const mediaId = 'media-in-question';
    const other = await fixture.jobIn('succeeded', { mediaId });
    await fixture.jobIn('succeeded', { mediaId, types: ['AIMediaDNA'] });
    await fixture.jobIn('succeeded', { mediaId, region: 'cn-beijing' });
    const keep = async (vodJobId: string, more: Parameters<Fixture['notice']>[0] = {}) => {
      const notification = fixture.notice({ vodJobId, mediaId, ...more });
      await fixture.events().store(notification);
      return notification.id;
    };
    await keep('too-early');
    fixture.advance(60_000);

    const held = await fixture.jobIn('held', { mediaId, force: true });
    fixture.advance(60_000);
    const late = await keep('perhaps', { eventType: 'AIVideoTagComplete', region: '*' });
    await keep('another-type', { eventType: 'AIMediaDNAComplete' });
    await keep('another-media', { mediaId: 'media-of-another' });
    await keep('another-region', { region: 'cn-beijing' });
    await fixture.matcher().match(10, { rematch: false });

    const { submissions, unmatchedEvents, sameMedia } = await evidence.about(held);
    expect(submissions).toMatchObject([
      { number: 1, types: ['AIVideoTag'], sentAt: expect.any(Date), resends: 0, nonceSeenAt: null },
    ]);
    expect(submissions[0]).not.toHaveProperty('nonce');
    expect(unmatchedEvents.map(({ id }) => id)).toEqual([late]);
    expect(sameMedia.map(({ id }) => id)).toEqual([other.id]);
  });

  it('is empty for a job that was never sent', async () => {
    const queued = await fixture.jobIn('queued');
    await fixture.events().store(fixture.notice({ vodJobId: 'before', mediaId: queued.mediaId }));
    await fixture.matcher().match(10, { rematch: false });
    expect(await evidence.about(queued)).toEqual({ submissions: [], unmatchedEvents: [], sameMedia: [] });
  });

  it('tells all attempts, oldest first', async () => {
    const { id, requestId } = await fixture.jobIn('queued');
    const jobs = fixture.jobs();
    for (const number of [1, 2, 3]) {
      await fixture.submissions().claim(requestId);
      await jobs.apply(id, { type: 'never_sent', attempt: number });
      fixture.advance(3_600_000);
    }
    const { submissions } = await evidence.about(await fixture.job(id));
    expect(submissions.map(({ number, sentAt }) => ({ number, sentAt }))).toEqual([
      { number: 1, sentAt: null },
      { number: 2, sentAt: null },
      { number: 3, sentAt: null },
    ]);
  });
});
