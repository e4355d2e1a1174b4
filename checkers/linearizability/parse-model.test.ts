import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { linearizability, parseModel } from './index.ts';
import { historyOf } from './testing/build.ts';

const folder = mkdtempSync(join(tmpdir(), 'shaketable-model-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The example of the documentation, as a module of its own. */
async function documented(): Promise<unknown> {
  const page = readFileSync(join(import.meta.dirname, '../../docs/models.md'), 'utf8');
  const [, code] = /```ts\n([^]*?)```/.exec(page) as unknown as [string, string];
  const path = join(folder, 'max-register.ts');
  writeFileSync(path, code);
  const module = (await import(pathToFileURL(path).href)) as { readonly default: unknown };
  return module.default;
}

const minimal = {
  name: 'toggle',
  init: false,
  functions: { flip: {}, read: { reads: true } },
  step: (state: boolean, call: { f: string; result: boolean }) =>
    call.f === 'flip' ? !state : call.result === state ? state : undefined,
};
const raised = (...reads: number[]) =>
  historyOf(
    ...[4, 2].flatMap((to) => [`0 invoke raise - ${to}`, `0 ok raise - ${to}`]),
    ...reads.flatMap((seen) => ['1 invoke read -', `1 ok read - ${seen}`]),
  );

describe("a user's model", () => {
  it('of the documentation judges', async () => {
    const model = parseModel(await documented(), 'max-register.ts');
    const checker = linearizability({ model });
    expect(checker.check({ history: raised(4, 4) }).valid).toBe(true);
    const verdict = checker.check({ history: raised(2) });
    expect(verdict.valid).toBe(false);
    expect(verdict.anomalies[0]?.explanation).toContain(
      'Read of the max-register by process 1 (operations 4–5) returned 2, although ',
    );
  });

  it('may have another initial state', () => {
    const model = parseModel(minimal, 'toggle.ts').configure?.(true);
    const history = historyOf('1 invoke read -', '1 ok read - true');
    expect(linearizability({ model: model ?? expect.fail() }).check({ history }).valid).toBe(true);
  });

  it('may lead to several states', () => {
    const coin = {
      ...minimal,
      isNondeterministic: true,
      step: (state: boolean, call: { f: string; result: boolean }) =>
        call.f === 'flip' ? [true, false] : call.result === state ? [state] : [],
    };
    const checker = linearizability({ model: parseModel(coin, 'coin.ts') });
    const history = (first: boolean, second: boolean) =>
      historyOf(
        '0 invoke flip -',
        '0 ok flip -',
        ...[first, second].flatMap((seen) => ['1 invoke read -', `1 ok read - ${seen}`]),
      );
    expect(checker.check({ history: history(true, true) }).valid).toBe(true);
    expect(checker.check({ history: history(false, false) }).valid).toBe(true);
    expect(checker.check({ history: history(true, false) }).valid).toBe(false);
  });

  it.each<[string, unknown, string]>([
    ['no object', undefined, 'it must export one, as default or as `model`'],
    ['a function', () => minimal, 'it must export one'],
    ['no name', { ...minimal, name: 3 }, '`name` must be a text'],
    ['no init', { ...minimal, init: undefined }, '`init` must be the initial state'],
    ['an init that is not JSON', { ...minimal, init: new Map() }, '`init` must be the initial state'],
    ['no step', { ...minimal, step: undefined }, '`step` must be a function'],
    ['no functions', { ...minimal, functions: {} }, '`functions` must say which functions it has'],
    [
      'a rule that is none',
      { ...minimal, functions: { read: { read: true } } },
      'the rule of `read` must be {}',
    ],
    ['a misspelt field', { ...minimal, onlyObserve: () => true }, '`onlyObserve` is none of its fields'],
    ['a flag that is no flag', { ...minimal, acrossKeys: 1 }, '`acrossKeys` must be true'],
    ['a check that is none', { ...minimal, check: null }, '`check` must be a function'],
  ])('with %s is refused', (_, exported, message) => {
    expect(() => parseModel(exported, 'mine.ts')).toThrow(`mine.ts is no model: ${message}`);
  });

  it('that fails says where', () => {
    const judge = (step: unknown) =>
      linearizability({ model: parseModel({ ...minimal, step }, 'mine.ts') }).check({
        history: historyOf('0 invoke flip -', '0 ok flip -'),
      });
    const broken = (): never => {
      throw new Error('no such thing');
    };
    expect(() => judge(broken)).toThrow(/^the model of mine\.ts failed in step\(false, .*\): no such thing$/);
    expect(() => judge(() => new Date(0))).toThrow('which is not a state or undefined as JSON');
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => judge(() => cyclic)).toThrow(/^the model of mine\.ts failed in step/);
  });

  it.each<[string, unknown, string]>([
    ['check', () => undefined, 'failed in check: it returned undefined, which is not a text or null'],
    ['describeCall', () => 7, 'failed in describeCall: it returned 7, which is not a text'],
  ])('whose %s returns something else says so', (field, given, message) => {
    const checker = linearizability({
      model: parseModel({ ...minimal, step: () => undefined, [field]: given }, 'mine.ts'),
    });
    const history = historyOf('0 invoke flip -', '0 ok flip -');
    expect(() => checker.check({ history })).toThrow(`the model of mine.ts ${message}`);
  });
});
