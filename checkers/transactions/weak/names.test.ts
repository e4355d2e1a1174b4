/** Each anomaly of the weak levels by its name, and a near miss of each. */
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../harness/history/operation.ts';
import type { Checker } from '../../checker.ts';
import { causalConsistency, readAtomic, readCommitted } from './index.ts';
import type { Micro, ToyTransaction } from './testing/brute-force.ts';
import { historyOf } from './testing/toy-histories.ts';

/** `0 wx1 ry_`: process 0 writes x = 1, and reads y → null; `0! …` failed, `0? …` is in doubt. `rx1,2` reads a list. */
function parse(text: string, isList: boolean): ToyTransaction {
  const [who = '', ...micros] = text.split(' ');
  const type = who.endsWith('!') ? 'fail' : who.endsWith('?') ? 'info' : 'ok';
  return {
    process: Number.parseInt(who, 10),
    type,
    micros: micros.map((micro): Micro => {
      const [f, key, rest] = [micro.charAt(0), micro.charAt(1), micro.slice(2)];
      if (f === 'w') return [isList ? 'append' : 'w', key, Number(rest)];
      const seen: Json = rest === '_' ? null : isList ? rest.split(',').map(Number) : Number(rest);
      return ['r', key, seen];
    }),
  };
}

function judge(checker: Checker, texts: readonly string[], isList = false) {
  const verdict = checker.check({ history: historyOf(texts.map((text) => parse(text, isList))) });
  return { ...verdict, names: verdict.anomalies.map(({ name }) => name) };
}

type Case = readonly [name: string, broken: readonly string[], nearMiss: readonly string[]];

const faults: readonly Case[] = [
  ['garbage-read', ['0 wx1', '1 rx2'], ['0 wx1', '1 rx1']],
  ['G1a', ['0! wx1', '1 rx1'], ['0? wx1', '1 rx1']],
  ['G1b', ['0 wx1 wx2', '1 rx1'], ['0 wx1 wx2', '1 rx2']],
  ['future-read', ['0 rx1 wx1'], ['0 rx_ wx1']],
  ['internal', ['0 wx1 rx_', '1 rx1'], ['0 wx1 rx1', '1 rx1']],
  ['CyclicCO', ['0 wx1 ry1', '1 wy1 rx1'], ['0 wx1 ry_', '1 wy1 rx1']],
];

describe.each<[string, Checker]>([
  ['read committed', readCommitted()],
  ['read atomic', readAtomic()],
  ['causal', causalConsistency()],
])('%s', (_level, checker) => {
  it.each(faults)('%s', (name, broken, nearMiss) => {
    expect(judge(checker, broken)).toMatchObject({ valid: false, names: [name] });
    expect(judge(checker, nearMiss)).toMatchObject({ valid: true, names: [] });
  });

  it('nothing is proven by what says nothing', () => {
    expect(judge(checker, ['0 wx1', '1 wx1', '2 rx1'])).toMatchObject({
      valid: 'unknown',
      statistics: { ambiguousReads: 1 },
    });
    expect(judge(checker, ['0 wx1']).reason).toMatch('no read tells whom it read from');
    const history = historyOf([parse('0 wx1', false), parse('1 rx1', false)]);
    expect(checker.check({ history, isOverdue: () => true }).reason).toMatch('time budget');
  });
});

describe('read committed', () => {
  it.each<Case>([
    ['NonMonoReadCO', ['0 wx1 wy1', '1 ry1 rx_'], ['0 wx1 wy1', '1 rx_ ry1']],
    [
      'NonMonoReadCM',
      ['0 wx1 wy1', '1 wx2 wy2', '2 ry1 rx2', '3 ry2 rx1'],
      ['0 wx1 wy1', '1 wx2 wy2', '2 ry1 rx2', '3 rx1 ry2'],
    ],
  ])('%s', (name, broken, nearMiss) => {
    expect(judge(readCommitted(), broken)).toMatchObject({ valid: false, names: [name] });
    expect(judge(readCommitted(), nearMiss)).toMatchObject({ valid: true, names: [] });
  });

  it('tells a read that cannot be repeated as allowed', () => {
    const { valid, allowed } = judge(readCommitted(), ['0 wx1', '1 rx_ rx1']);
    expect({ valid, names: allowed?.map(({ name }) => name) }).toEqual({
      valid: true,
      names: ['NonRepeatableRead'],
    });
  });
});

describe('read atomic', () => {
  it.each<Case>([
    ['FracturedReadCO', ['0 wx1 wy1', '1 rx_ ry1'], ['0 wx1 wy1', '1 rx1 ry1']],
    ['FracturedReadCO', ['0 wx1', '0 rx_'], ['0 wx1', '1 rx_']],
    [
      'FracturedReadCM',
      ['0 wx1 wy1', '1 wx2 wy2', '2 rx1 ry2', '3 rx2 ry1'],
      ['0 wx1 wy1', '1 wx2 wy2', '2 rx1 ry1', '3 rx2 ry2'],
    ],
    ['NonRepeatableRead', ['0 wx1', '1 rx_ rx1'], ['0 wx1', '1 rx1 rx1']],
  ])('%s', (name, broken, nearMiss) => {
    expect(judge(readAtomic(), broken).names).toContain(name);
    expect(judge(readAtomic(), nearMiss)).toMatchObject({ valid: true, names: [] });
  });

  it('explains: who was seen in part', () => {
    expect(judge(readAtomic(), ['0 wx1 wy1', '1 rx_ ry1']).anomalies).toMatchObject([
      {
        explanation:
          'T1 (operation 0) would have to commit before the initial state. T2 (operation 1) read y = 1 from T1 but ' +
          'x = null from the initial state, though T1 wrote x as well, so T1 comes before the initial state.',
        operations: [0, 1, 2, 3],
        picture: { kind: 'graph', nodes: [{ label: 'T1' }, { label: 'T2' }] },
      },
    ]);
  });

  it('one in doubt comes before nothing in its session', () => {
    expect(judge(readAtomic(), ['0? wx1', '0 rx_', '1 rx1']).valid).toBe(true);
  });
});

describe('causal', () => {
  const lost = ['0 wx1', '1 rx1 wy1', '2 ry1 rx_'];

  it.each<Case>([
    ['COConflictCM', lost, ['0 wx1', '1 rx1 wy1', '2 ry1 rx1']],
    [
      'ConflictCM',
      ['0 wx1', '0 wy1', '1 wx2', '1 wz2', '2 ry1 rx2', '3 rz2 rx1'],
      ['0 wx1', '0 wy1', '1 wx2', '1 wz2', '2 ry1 rx2', '3 rz2 rx2'],
    ],
    ['FracturedReadCO', ['0 wx1 wy1', '1 rx_ ry1'], ['0 wx1 wy1', '1 rx1 ry1']],
  ])('%s', (name, broken, nearMiss) => {
    expect(judge(causalConsistency(), broken)).toMatchObject({ valid: false, names: [name] });
    expect(judge(causalConsistency(), nearMiss)).toMatchObject({ valid: true, names: [] });
  });

  it('is more than read atomic, and less than an order of all', () => {
    expect(judge(readAtomic(), lost).valid).toBe(true);
    const longFork = ['0 wx1', '1 wy1', '2 rx1 ry_', '3 rx_ ry1'];
    expect(judge(causalConsistency(), longFork).valid).toBe(true);
  });

  it('explains: the way of the cause', () => {
    const [anomaly] = judge(causalConsistency(), lost).anomalies;
    expect(anomaly?.explanation).toBe(
      'T1 (operation 0) would have to commit before the initial state. T2 read x = 1 from T1, so T1 comes before T2. ' +
        'T3 read y = 1 from T2, so T2 comes before T3. So T1 is in the causal past of T3, which read x = null from the ' +
        'initial state, though T1 wrote x as well, so T1 comes before the initial state.',
    );
    expect(anomaly?.operations).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('lists', () => {
  it.each<Case>([
    [
      'G0',
      ['0 wx1 wy1', '1 wx2 wy2', '2 rx1,2', '3 ry2,1'],
      ['0 wx1 wy1', '1 wx2 wy2', '2 rx1,2', '3 ry1,2'],
    ],
    ['G1c', ['0 wx1 ry2', '1 wx2 wy2', '2 rx1,2'], ['0 wx1 ry_', '1 wx2 wy2', '2 rx1,2']],
    ['G0-process', ['0 wx1', '0 wx2', '1 rx2,1'], ['0 wx1', '0 wx2', '1 rx1,2']],
    ['incompatible-order', ['0 wx1', '1 wx2', '2 rx1', '3 rx2'], ['0 wx1', '1 wx2', '2 rx1', '3 rx1,2']],
    ['incompatible-order', ['0 wx1 wx2', '3 rx2'], ['0 wx1 wx2', '3 rx1,2']],
    ['duplicate-elements', ['0 wx1', '3 rx1,1'], ['0 wx1', '3 rx1']],
    ['garbage-read', ['0 wx1', '3 rx7,1'], ['0 wx1', '3 rx1']],
    ['internal', ['0 wx1 rx_', '3 rx1'], ['0 wx1 rx1', '3 rx1']],
  ])('%s', (name, broken, nearMiss) => {
    for (const checker of [readCommitted(), readAtomic(), causalConsistency()]) {
      expect(judge(checker, broken, true)).toMatchObject({ valid: false, names: [name] });
      expect(judge(checker, nearMiss, true)).toMatchObject({ valid: true, names: [] });
    }
  });

  it('malformed-read', () => {
    const history = historyOf([
      { process: 0, type: 'ok', micros: [['append', 'x', 1]] },
      { process: 1, type: 'ok', micros: [['r', 'x', 7]] },
    ]);
    expect(readCommitted().check({ history }).anomalies).toMatchObject([{ name: 'malformed-read' }]);
  });
});
