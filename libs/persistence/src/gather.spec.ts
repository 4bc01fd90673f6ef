import { sqlState } from '@app/postgres';
import { Gather, violatedConstraint } from './gather';

/** A store that commits when the test says so. */
function heldStore(limits: ConstructorParameters<typeof Gather<string, string>>[1] = { batch: 10, lanes: 1 }) {
  const batches: string[][] = [];
  const ends: ((error?: unknown) => void)[] = [];
  const gather = new Gather<string, string>((items) => {
    batches.push(items);
    return new Promise((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve(items.map((item) => `${item} done`))));
    });
  }, limits);
  return { gather, batches, ends };
}

/** One turn of the event loop. */
const turn = () => new Promise((resolve) => setImmediate(resolve));
const ofPostgres = (code: string, constraint?: string) => Object.assign(new Error(code), { code, constraint });

describe('Gathering calls into transactions', () => {
  it('sends a single call at the next turn of the event loop: idle adds no delay', async () => {
    const { gather, batches, ends } = heldStore();
    const answer = gather.add('a');
    await turn();
    expect(batches).toEqual([['a']]);
    ends[0]?.();
    await expect(answer).resolves.toBe('a done');
  });

  it('sends what comes together in one batch, and answers each caller with its own answer', async () => {
    const { gather, batches, ends } = heldStore();
    const answers = Promise.all(['a', 'b', 'c'].map((item) => gather.add(item)));
    await turn();
    expect(batches).toEqual([['a', 'b', 'c']]);
    ends[0]?.();
    await expect(answers).resolves.toEqual(['a done', 'b done', 'c done']);
  });

  it('lets what comes during a batch wait for it and go together in the next one', async () => {
    const { gather, batches, ends } = heldStore();
    const first = gather.add('a');
    await turn();
    const rest = [gather.add('b')];
    await turn();
    rest.push(gather.add('c'));
    await turn();
    expect(batches).toEqual([['a']]);
    ends[0]?.();
    await first;
    await turn();
    expect(batches).toEqual([['a'], ['b', 'c']]);
    ends[1]?.();
    await expect(Promise.all(rest)).resolves.toEqual(['b done', 'c done']);
  });

  it('keeps to its batch size and its number of lanes', async () => {
    const { gather, batches, ends } = heldStore({ batch: 2, lanes: 2 });
    const answers = Promise.all(['a', 'b', 'c', 'd', 'e'].map((item) => gather.add(item)));
    await turn();
    expect(batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    ends[1]?.();
    await turn();
    expect(batches[2]).toEqual(['e']);
    ends[0]?.();
    ends[2]?.();
    await expect(answers).resolves.toHaveLength(5);
  });

  it('keeps to the bytes of a batch as well; what has more alone goes alone', async () => {
    const { gather, batches, ends } = heldStore({ batch: 10, lanes: 9, bytes: { max: 4, of: ({ length }) => length } });
    const items = ['a', 'bb', 'c', 'dd', 'eeeeeee', 'f', 'gggg'];
    const answers = Promise.all(items.map((item) => gather.add(item)));
    await turn();
    expect(batches).toEqual([['a', 'bb', 'c'], ['dd'], ['eeeeeee'], ['f'], ['gggg']]);
    for (const end of ends) end();
    await expect(answers).resolves.toEqual(items.map((item) => `${item} done`));
  });

  it('answers nobody before the batch is committed', async () => {
    const { gather, ends } = heldStore();
    let answered = false;
    const answer = gather.add('a').then(() => (answered = true));
    await turn();
    await turn();
    expect(answered).toBe(false);
    ends[0]?.();
    await answer;
    expect(answered).toBe(true);
  });

  it.each(['21000', '22P02', '23505'])('lets bad data (%s) fail alone', async (code) => {
    const gather = new Gather<string, string>(
      async (items) => {
        if (items.includes('bad')) throw ofPostgres(code);
        return items.map((item) => `${item} done`);
      },
      { batch: 10, lanes: 1 },
    );
    const [a, bad, c] = await Promise.allSettled(['a', 'bad', 'c'].map((item) => gather.add(item)));
    expect(a).toEqual({ status: 'fulfilled', value: 'a done' });
    expect(bad).toMatchObject({ status: 'rejected', reason: { code } });
    expect(c).toEqual({ status: 'fulfilled', value: 'c done' });
  });

  it.each(['08006', '57P01', '40P01', 'ECONNRESET'])(
    'lets trouble with the store (%s) fail all at once, without asking it again for each',
    async (code) => {
      const error = ofPostgres(code);
      const batches: string[][] = [];
      const gather = new Gather<string, string>(
        async (items) => {
          batches.push(items);
          throw error;
        },
        { batch: 10, lanes: 1 },
      );
      expect(await Promise.allSettled([gather.add('a'), gather.add('b')])).toEqual([
        { status: 'rejected', reason: error },
        { status: 'rejected', reason: error },
      ]);
      expect(batches).toEqual([['a', 'b']]);
    },
  );

  it('works on after a failure', async () => {
    const { gather, ends } = heldStore();
    const failed = Promise.allSettled([gather.add('a')]);
    await turn();
    ends[0]?.(new Error('gone'));
    await failed;
    const next = gather.add('b');
    await turn();
    ends[1]?.();
    await expect(next).resolves.toBe('b done');
  });
});

describe('What Postgres says of an error', () => {
  it('is its SQLSTATE, and the constraint when one was violated', () => {
    const taken = ofPostgres('23505', 'job_vod_job_id');
    expect([sqlState(taken), violatedConstraint(taken)]).toEqual(['23505', 'job_vod_job_id']);
    expect(violatedConstraint(ofPostgres('22P02', 'x'))).toBeNull();
  });

  it('is not the code of anything else', () => {
    for (const other of [null, 'text', new Error('x'), Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]) {
      expect([sqlState(other), violatedConstraint(other)]).toEqual([null, null]);
    }
  });
});
