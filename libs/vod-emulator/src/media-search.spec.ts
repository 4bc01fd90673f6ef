import { type Ask, closeAll, startEmulator } from '../test/support';

afterEach(closeAll);

interface Found {
  ids: string[];
  total: number;
  token: string | undefined;
}

async function search(ask: Ask, parameters: object = {}, region?: string): Promise<Found> {
  const { body } = await ask('SearchMedia', { ...parameters }, region ? { region } : {});
  const list = body['MediaList'] as { MediaId: string }[];
  return {
    ids: list.map(({ MediaId }) => MediaId),
    total: Number(body['Total']),
    token: body['ScrollToken'] as string | undefined,
  };
}

/** Named by letters, each a minute younger than the one before. */
async function withMedia(count = 5) {
  const running = await startEmulator();
  const letters = Array.from({ length: count }, (_, i) => String.fromCharCode(97 + i));
  letters.forEach((mediaId, i) => {
    running.emulator.addMedia({
      mediaId,
      title: `film ${mediaId}`,
      tags: i % 2 === 0 ? 'even,all' : 'odd,all',
      cateId: i,
      durationSeconds: i * 10,
      createdAt: new Date(Date.UTC(2026, 0, 2, 3, i)).toISOString(),
      ...(i === 1 && { status: 'Blocked' as const }),
    });
  });
  return running;
}

describe('SearchMedia', () => {
  it('lists what was added in the region, newest first', async () => {
    const { ask, emulator } = await withMedia();
    emulator.addMedia({ mediaId: 'elsewhere', region: 'cn-beijing' });
    expect(await search(ask)).toMatchObject({ ids: ['e', 'd', 'c', 'b', 'a'], total: 5 });
    expect((await search(ask, { SortBy: 'CreationTime:Asc' })).ids).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect((await search(ask, {}, 'cn-beijing')).ids).toEqual(['elsewhere']);
    expect((await search(ask, { SearchType: 'audio' })).ids).toEqual([]);
  });

  it('names only what every media has, and of the rest what is asked for', async () => {
    const { ask } = await withMedia(1);
    const first = async (Fields?: string) =>
      ((await ask('SearchMedia', Fields ? { Fields } : {})).body['MediaList'] as object[])[0];
    const basic = { VideoId: 'a', CreationTime: '2026-01-02T03:00:00Z' };
    expect(await first()).toEqual({ MediaId: 'a', MediaType: 'video', CreationTime: '2026-01-02T03:00:00Z', Video: basic });
    expect(await first('Title,Duration,constructor')).toMatchObject({ Video: { ...basic, Title: 'film a', Duration: 0 } });
  });

  it('pages', async () => {
    const { ask } = await withMedia();
    expect(await search(ask, { PageSize: 2, PageNo: 3 })).toMatchObject({ ids: ['a'], total: 5 });
    expect((await search(ask, { PageSize: 2, PageNo: 4 })).ids).toEqual([]);
  });

  it.each(['CreationTime:Desc', 'CreationTime:Asc'])(
    'scrolls through all %s, each once, whatever is added meanwhile',
    async (SortBy) => {
      const { ask, emulator } = await withMedia();
      // Of one time with another.
      emulator.addMedia({ mediaId: 'twin', createdAt: '2026-01-02T03:02:00.000Z' });
      const seen: string[] = [];
      let token: string | undefined;
      for (;;) {
        const page = await search(ask, { PageSize: 2, SortBy, ...(token && { ScrollToken: token }) });
        expect(page.token).toHaveLength(32);
        if (page.ids.length === 0) break;
        seen.push(...page.ids);
        token = page.token;
        emulator.addMedia({ createdAt: '2027-01-01T00:00:00.000Z', mediaId: `newer-${seen.length}` });
        if (seen.length > 30) break;
      }
      const old = seen.filter((id) => !id.startsWith('newer'));
      expect(old.toSorted()).toEqual(['a', 'b', 'c', 'd', 'e', 'twin']);
      expect(new Set(seen).size).toBe(seen.length);
    },
  );

  it.each([
    ['', 'edcba'],
    ["VideoId = 'c'", 'c'],
    ['CateId = 2', 'c'],
    ["Status in ('Blocked','Deleted')", 'b'],
    ["Title = 'film'", 'edcba'],
    ["Title = ('film a','film b')", 'ba'],
    ["Title in ('m a')", 'a'],
    ["Tags = 'odd'", 'db'],
    ["Tags = 'od'", ''],
    ['Duration = (10,30)', 'c'],
    ['Duration = [10,30]', 'dcb'],
    ['Duration = [10,30)', 'cb'],
    ["CreationTime = ['2026-01-02T03:01:00Z','2026-01-02T03:02:00Z']", 'cb'],
    ["CreationTime = '2026-01-02T03:01:00Z'", 'b'],
    ["Tags = 'all' and Duration = [20,99] AND Status = \"Normal\"", 'edc'],
    ["Description = 'x'", ''],
  ])('finds by %s', async (Match, ids) => {
    const { ask } = await withMedia();
    expect((await search(ask, { Match })).ids.join('')).toBe(ids);
  });

  it.each([
    [{ Match: 'Titel = 1' }, 'Expected one of VideoId'],
    [{ Match: 'constructor = 1' }, 'got constructor'],
    [{ Match: 'Title' }, 'ends too early'],
    [{ Match: "Title = 'x" }, "can't be read from character 9 on"],
    [{ Match: "Title = 'x' or Tags = 'y'" }, 'Expected and'],
    [{ Match: 'Duration = (1,2,3)' }, 'two bounds'],
    [{ Match: "CreationTime = ('now','then')" }, 'now is no bound'],
    [{ Match: 'Title > 1' }, "can't be read"],
    [{ PageSize: 101 }, 'from 1 to 100'],
    [{ PageNo: 0 }, 'from 1 on'],
    [{ SortBy: 'Title:Asc' }, 'CreationTime:Desc'],
    [{ SearchType: 'film' }, 'one of video'],
    [{ ScrollToken: 'f'.repeat(32) }, 'earlier answer'],
  ])('refuses %j, and says why', async (parameters, why) => {
    const { ask } = await withMedia();
    const { status, body } = await ask('SearchMedia', parameters);
    expect({ status, Code: body.Code }).toEqual({ status: 400, Code: 'InvalidParameter' });
    expect(body.Message).toContain(why);
  });
});
