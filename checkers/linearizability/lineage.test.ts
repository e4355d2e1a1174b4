import { describe, expect, it } from 'vitest';
import { NONE, traceLineage } from './lineage.ts';
import type { Lineage } from './lineage.ts';
import { casRegister, kv } from './models/index.ts';
import type { Model } from './model.ts';
import { partitionHistory } from './problem.ts';
import { call, historyOf } from './testing/build.ts';

function trace(model: Model, lines: readonly string[]): Lineage {
  const [partition] = partitionHistory(historyOf(...lines), model);
  return traceLineage(model, partition?.operations ?? [], 'x');
}

const a = call(0, 'append', 'x', '"a"');
const b = call(0, 'append', 'x', '"b"');
const readKv = (value: string): string[] => call(1, 'read', 'x', JSON.stringify(value));
const write = (value: number): string[] => call(0, 'write', 'x', `${value}`);
const read = (value: number | null): string[] => call(1, 'read', 'x', `${value}`);
const cas = (from: number, to: number): string[] => call(2, 'cas', 'x', `[${from},${to}]`);
const during = (outer: string[], inner: string[]): string[] => [
  outer[0] as string,
  ...inner,
  outer[1] as string,
];

describe('refutations, each with a near miss', () => {
  it.each<[string, Model, string[], string[]]>([
    [
      'unwritten-read',
      casRegister,
      [...write(1), ...read(2)],
      [...write(1), '9 invoke write x 2', ...read(2)],
    ],
    ['unwritten-read', casRegister, [...read(2), ...write(2)], during(read(2), write(2))],
    ['unwritten-read', kv, [...a, ...readKv('ca')], [...a, ...readKv('a')]],
    [
      'stale-read',
      casRegister,
      [...write(1), ...write(2), ...read(1)],
      [...write(1), ...during(read(1), write(2))],
    ],
    ['stale-read', casRegister, [...write(1), ...read(null)], during(read(null), write(1))],
    [
      'stale-read',
      casRegister,
      [...write(1), ...write(2), ...cas(1, 3)],
      [...write(1), ...write(2), ...cas(2, 3)],
    ],
    [
      'stale-read',
      kv,
      // The two appends are concurrent: only the longer read shows that "b" came after "a".
      [
        ...['0 invoke append x "a"', ...call(3, 'append', 'x', '"b"'), '0 ok append x "a"'],
        ...readKv('ab'),
        ...readKv('a'),
      ],
      [
        ...[
          '0 invoke append x "a"',
          ...during(readKv('a'), call(3, 'append', 'x', '"b"')),
          '0 ok append x "a"',
        ],
        ...readKv('ab'),
      ],
    ],
    [
      'lost-update',
      casRegister,
      [...write(1), ...cas(1, 2), ...during(cas(1, 3), [])],
      [...write(1), ...cas(1, 2), ...cas(2, 3)],
    ],
    [
      'lost-update',
      kv,
      [
        '0 invoke append x "a"',
        '3 invoke append x "b"',
        '0 ok append x "a"',
        '3 ok append x "b"',
        ...readKv('a'),
        ...readKv('b'),
      ],
      [
        '0 invoke append x "a"',
        '3 invoke append x "b"',
        '0 ok append x "a"',
        ...readKv('a'),
        '3 ok append x "b"',
        ...readKv('ab'),
      ],
    ],
    [
      'divergent-reads',
      kv,
      [...call(0, 'write', 'x', '"w"'), ...a, ...b, ...readKv('wab'), ...readKv('wb')],
      [...call(0, 'write', 'x', '"w"'), ...a, ...b, ...readKv('wab'), ...readKv('wab')],
    ],
    [
      'inverted-order',
      kv,
      [...b, ...during(a, readKv('ab'))],
      during(call(3, 'append', 'x', '"b"'), during(a, readKv('ab'))),
    ],
  ])('%s', (test, model, lines, nearMiss) => {
    const { refutation } = trace(model, lines);
    expect(refutation?.test).toBe(test);
    expect(refutation?.explanation).toMatch(/^\S.*\.$/);
    expect(trace(model, nearMiss).refutation).toBeNull();
  });

  it('say it in terms of the operations', () => {
    expect(trace(casRegister, [...write(1), ...write(2), ...read(1)]).refutation).toMatchObject({
      explanation:
        'read of x returned 1 by process 1 (operation 5), but only the write of 1 to x by process 0 (operation 1) can ' +
        'have left that; the write of 2 to x by process 0 (operation 3) came after, and had completed before this read began.',
      operations: [{ calledAt: 4 }, { calledAt: 0 }, { calledAt: 2 }],
    });
  });
});

describe('the known order', () => {
  it('is what appends and compare-and-sets built on', () => {
    const { successorOf, predecessorOf, refutation } = trace(kv, [...a, ...b, ...readKv('ab')]);
    expect(refutation).toBeNull();
    // Operation 3 is the initial value.
    expect([...successorOf]).toEqual([1, NONE, NONE, 0]);
    expect([...predecessorOf].slice(0, 3)).toEqual([3, 0, NONE]);
    expect([...trace(casRegister, [...write(1), ...cas(1, 2)]).successorOf]).toEqual([1, NONE, NONE]);
  });

  it('is unknown where two operations can have made a value', () => {
    expect(new Set(trace(kv, [...a, ...a, ...readKv('aa')]).successorOf)).toEqual(new Set([NONE]));
    expect(new Set(trace(casRegister, [...write(1), ...write(1), ...cas(1, 2)]).successorOf)).toEqual(
      new Set([NONE]),
    );
  });

  it('is unknown for a model without rules', () => {
    const { lineage: _, ...plain } = kv;
    expect(new Set(trace(plain, [...a, ...readKv('zzz')]).successorOf)).toEqual(new Set([NONE]));
  });
});
