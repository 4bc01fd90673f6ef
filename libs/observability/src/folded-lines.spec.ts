import { Writable } from 'node:stream';
import { FoldedLines } from './folded-lines';
import { createLogger } from './index';
import { warn } from './row';

const HOUR = 3_600_000;

function folded() {
  const written: string[] = [];
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger({ level: 'info', format: 'json', process: 'api', destination });
  const said = () => written.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { lines: new FoldedLines(logger, 'key.refused', HOUR), said };
}

describe('Lines that strangers bring about', () => {
  it('are said once of each kind, and then how many more there were', () => {
    const { lines, said } = folded();
    for (let i = 0; i < 3_000; i += 1) lines.say('a', warn({ address: 'a', i }));
    lines.say('b', warn({ address: 'b' }));
    expect(said()).toMatchObject([{ msg: 'key.refused', level: 'warn', address: 'a', i: 0 }, { address: 'b' }]);
    lines.flush();
    expect(said().slice(2)).toMatchObject([{ msg: 'key.refused', address: 'a', i: 2_999, more: 2_999 }]);
    lines.flush();
    expect(said()).toHaveLength(3);
  });

  it('are said anew after a flush', () => {
    const { lines, said } = folded();
    for (let i = 0; i < 2; i += 1) {
      lines.say('a', warn({ i }));
      lines.flush();
    }
    expect(said()).toMatchObject([{ i: 0 }, { i: 1 }]);
  });

  it('are few, however many kinds a stranger makes up', () => {
    const { lines, said } = folded();
    for (let i = 0; i < 10_000; i += 1) lines.say(`address ${i}`, warn({ i }));
    lines.flush();
    expect(said()).toHaveLength(101);
    expect(said().at(-1)).toMatchObject({ i: 9_999, more: 9_900, of: 'any kind' });
  });
});
