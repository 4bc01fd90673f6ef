import { NoticeBudget, type NoticeLimits, type Pair } from './notice-budget';

const START = Date.parse('2026-11-29T10:00:00Z');
const much = { rows: 1_000, bytes: 1_000_000 };

function budget(limits: Partial<NoticeLimits>): NoticeBudget {
  return new NoticeBudget({ pair: much, minute: much, day: much, ...limits });
}

const pair = (name = 'a', untilMs = START + 900_000): Pair => ({ name, untilMs });

describe('What is stored before it is known whose it is', () => {
  it('is so many rows for a pair of headers, and another pair has its own', () => {
    const spent = budget({ pair: { rows: 3, bytes: 1_000 } });
    const of = (name: string) => spent.spend(pair(name), 10, START);
    expect(['a', 'a', 'a', 'a', 'b', 'a'].map(of)).toEqual(['whole', 'whole', 'whole', 'over', 'whole', 'over']);
  });

  it('is so many bytes for a pair: of what is more only the head, and what still fits is whole', () => {
    const spent = budget({ pair: { rows: 100, bytes: 1_000 } });
    const of = (bytes: number) => spent.spend(pair(), bytes, START);
    expect([600, 500, 400, 1].map(of)).toEqual(['whole', 'head', 'whole', 'head']);
  });

  it('is so much in a minute for all pairs together, and as much in the next', () => {
    const spent = budget({ minute: { rows: 3, bytes: 100 } });
    const at = (name: string, ms: number) => spent.spend(pair(name), 60, START + ms);
    expect([at('a', 0), at('b', 1), at('c', 2), at('d', 3)]).toEqual(['whole', 'head', 'head', 'over']);
    expect(at('e', 60_000)).toBe('whole');
  });

  it('is nothing more once the day is full, until it isn’t', () => {
    const spent = budget({});
    spent.ofLastDay({ rows: 0, bytes: much.bytes });
    expect(spent.spend(pair(), 1, START)).toBe('head');
    spent.ofLastDay({ rows: much.rows, bytes: 0 });
    expect(spent.spend(pair(), 1, START)).toBe('over');
    spent.ofLastDay({ rows: much.rows - 1, bytes: 0 });
    expect(spent.spend(pair(), 1, START)).toBe('whole');
  });

  it('counts for a pair as long as that opens anything, over every minute', () => {
    const spent = budget({ pair: { rows: 1, bytes: 10 } });
    expect(spent.spend(pair('a', START + 120_000), 1, START)).toBe('whole');
    expect(spent.spend(pair('a', START + 120_000), 1, START + 119_000)).toBe('over');
    expect(spent.spend(pair('b'), 1, START + 240_000)).toBe('whole');
    expect(spent['pairs'].size).toBe(1);
  });
});
