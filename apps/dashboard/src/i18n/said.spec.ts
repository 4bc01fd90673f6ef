import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { Phrases } from './said';
import { z } from 'zod';
import { ofZod, problems, said } from './zh/said';

/** Sentences are written where they arise, in the server; here they are compared with what the Chinese page knows of them. */

const root = join(__dirname, '../../../..');
const chinese = new Phrases({ ...said, ...ofZod });

/** Every text in the code of a file, with `x` for what varies. */
function textsIn(file: string): string[] {
  const texts: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node)) texts.push(node.text);
    if (ts.isTemplateExpression(node)) {
      texts.push(node.head.text + node.templateSpans.map(({ literal }) => `x${literal.text}`).join(''));
    }
    node.forEachChild(visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return texts;
}

function sourcesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => join(root, folder, name));
}

const isSentence = (text: string) => text.split(' ').length > 2;

describe('what the server says, in Chinese', () => {
  it('is all that the steps write into the history of a job', () => {
    const steps = /recover|collect|submission\.ts$/;
    const files = sourcesIn('libs/lifecycle/src').filter((file) => steps.test(relative(root, file)));
    const sentences = files.flatMap(textsIn).filter(isSentence);
    expect(sentences.length).toBeGreaterThan(25);
    expect(sentences.filter((sentence) => chinese.translate(sentence) === null)).toEqual([]);
  });

  it('is all that the API expects of its input', () => {
    const sentences = [...sourcesIn('libs/contract/src'), join(root, 'libs/vod/src/job-config.ts')]
      .flatMap(textsIn)
      .filter((text) => text.startsWith('expected '));
    expect(sentences.length).toBeGreaterThan(10);
    expect(sentences.filter((sentence) => chinese.translate(sentence) === null)).toEqual([]);
  });

  it('has a word for each code of a problem', () => {
    const file = readFileSync(join(root, 'apps/api/src/problems.ts'), 'utf8');
    const codes = [...file.matchAll(/^ {2}(\w+): \[\d{3}, /gm)].map(([, code = '']) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(new Set(Object.keys(problems))).toEqual(new Set(codes));
  });

  it('knows no sentence that the server has stopped to say', () => {
    const folders = ['lifecycle', 'domain', 'vod', 'persistence', 'contract', 'outbound'].map(
      (lib) => `libs/${lib}/src`,
    );
    const sources = [...folders, 'apps/api/src'].flatMap(sourcesIn);
    const all = sources.flatMap(textsIn).join('\n');
    const pieces = Object.keys(said).flatMap((template) => template.split(/\{\w+\}/).map((piece) => piece.trim()));
    const words = pieces.map((piece) => piece.replace(/^\W+|[\s:;,.(]+$/g, '')).filter(isSentence);
    expect(words.filter((piece) => !all.includes(piece))).toEqual([]);
  });

  it('knows the words of zod', () => {
    const wrong: [z.ZodType, unknown][] = [
      [z.string(), 5],
      [z.string().max(3), 'abcd'],
      [z.string().min(1), ''],
      [z.array(z.string()).min(1), []],
      [z.array(z.string()).max(1), ['a', 'b']],
      [z.number().max(3), 4],
      [z.number().min(3), 2],
      [z.enum(['a', 'b']), 'c'],
      [z.strictObject({}), { a: 1 }],
      [z.strictObject({}), { a: 1, b: 2 }],
    ];
    const told = wrong.flatMap(([schema, value]) =>
      schema.safeParse(value).error?.issues.map(({ message }) => message),
    );
    expect(told).toHaveLength(wrong.length);
    expect(told.filter((message = '') => chinese.translate(message) === null)).toEqual([]);
  });

  it('keeps what varies, and translates it where it is a sentence or a state itself', () => {
    expect(chinese.translate('VOD cannot be asked: no answer within 10000 ms')).toBe(
      '无法查询视频点播：10000 毫秒内没有应答',
    );
    expect(chinese.translate('2 jobs of VOD could be this one: a1, b2')).toBe(
      '视频点播有 2 个作业可能是此作业：a1, b2',
    );
    const stateOf = (name: string) => ({ queued: '排队中', failed: '失败' })[name];
    expect(chinese.translate('the job is queued; this works in failed, held', stateOf)).toBe(
      '作业当前为 排队中；可执行的状态：失败, held',
    );
    expect(
      chinese.translate('the job has moved on since: it is failed now, at version 7; look at it again', stateOf),
    ).toBe('作业已有变化：当前为 失败，版本 7；请重新查看');
    expect(chinese.translate('VOD lists a, b and 3 more, and does not say what it is')).toBe(
      '视频点播列出了 a, b 等，另有 3 个，但没有说明是什么作业',
    );
  });

  it('is looked for in a time that does not grow with a power of its length', () => {
    const phrases = new Phrases({ '{a}: {b}: {c}: {d}.': '', '{ids} and {count} more': '', 'x {a}, {b}, {c}!': '' });
    for (const piece of [': ', ' and ', 'x ', ', ']) {
      expect(phrases.translate(`x ${piece.repeat(80_000)}`)).toBeNull();
      expect(phrases.translate(`x ${piece.repeat(800)}`)).toBeNull();
    }
    expect(new Phrases({ '{a} and {b} more': '{b} + {a}' }).translate('x and y and z more')).toBe('y and z + x');
  });

  it('leaves alone what it does not know', () => {
    expect(chinese.translate('The specified video does not exist.')).toBeNull();
  });
});
