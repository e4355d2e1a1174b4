import { describe, expect, it } from 'vitest';
import { linearizability, models } from '../index.ts';
import type { Model } from '../index.ts';
import { partitionHistory } from '../problem.ts';
import { historyOf } from '../testing/build.ts';
import type { Decision } from './decision.ts';
import { decide } from './index.ts';

/** `'0 write 1'`: process, function, argument, answer (by default the argument); one after the other. */
function sequence(...operations: readonly string[]): string[] {
  return operations.flatMap((operation) => {
    const [process, f, argument = 'null', answer = argument] = operation.split(' ');
    return [`${process} invoke ${f} - ${argument}`, `${process} ok ${f} - ${answer}`];
  });
}

/** The first begins before all others and ends after them. */
function around(outer: string, ...inner: readonly string[]): string[] {
  const [begin, end] = sequence(outer);
  return [begin as string, ...sequence(...inner), end as string];
}

const modelOf = (name: string): Model => models.get(name) as Model;

function decideLines(name: string, lines: readonly string[]): Decision | null {
  const [partition] = partitionHistory(historyOf(...lines), modelOf(name));
  return decide(modelOf(name), partition?.operations ?? [], 'x');
}

describe('what each refutes, with a near miss', () => {
  it.each<[test: string, model: string, lines: string[], nearMiss: string[]]>([
    ['unwritten-read', 'register', sequence('0 read null 1'), sequence('1 write 1', '0 read null 1')],
    [
      'unwritten-read',
      'register',
      sequence('0 read null 1', '1 write 1'),
      around('0 read null 1', '1 write 1'),
    ],
    [
      'unwritten-read',
      'cas-register',
      around('0 cas [1,2]', '1 cas [2,1]'),
      sequence('2 write 1', '0 cas [1,2]', '1 cas [2,3]'),
    ],
    [
      'stale-read',
      'register',
      sequence('0 write 1', '0 write 2', '1 read null 1'),
      around('1 read null 1', '0 write 1', '0 write 2'),
    ],
    [
      'stale-read',
      'register',
      sequence('0 write 1', '1 read null null'),
      around('1 read null null', '0 write 1'),
    ],
    [
      'lost-update',
      'cas-register',
      sequence('0 write 1', '0 cas [1,2]', '1 cas [1,3]'),
      sequence('0 write 1', '0 cas [1,2]', '1 cas [2,3]'),
    ],
    [
      'inverted-order',
      'cas-register',
      around('0 cas [1,2]', '1 cas [2,3]', '2 write 1'),
      around('0 cas [1,2]', '2 write 1', '1 cas [2,3]'),
    ],
    [
      'unwritten-read',
      'fifo-queue',
      sequence('0 dequeue null 1', '1 enqueue 1'),
      around('0 dequeue null 1', '1 enqueue 1'),
    ],
    [
      'taken-twice',
      'fifo-queue',
      sequence('0 enqueue 1', '1 dequeue null 1', '2 dequeue null 1'),
      sequence('0 enqueue 1', '1 dequeue null 1', '2 dequeue null null'),
    ],
    [
      'fifo-inversion',
      'fifo-queue',
      sequence('0 enqueue 1', '0 enqueue 2', '1 dequeue null 2'),
      [...around('0 enqueue 1', '1 enqueue 2'), ...sequence('1 dequeue null 2')],
    ],
    [
      'covered-empty',
      'fifo-queue',
      sequence('0 enqueue 1', '1 dequeue null null', '1 dequeue null 1'),
      [...around('0 enqueue 1', '1 dequeue null null'), ...sequence('1 dequeue null 1')],
    ],
    [
      'lifo-inversion',
      'stack',
      sequence('0 push 1', '0 push 2', '1 pop null 1', '1 pop null 2'),
      sequence('0 push 1', '0 push 2', '1 pop null 2', '1 pop null 1'),
    ],
    [
      'covered-empty',
      'stack',
      [
        '0 invoke push - 2',
        ...sequence('1 push 1'),
        '2 invoke pop - null',
        '0 ok push - 2',
        ...sequence('1 pop null 1'),
        '2 ok pop - null',
        ...sequence('1 pop null 2'),
      ],
      [
        '0 invoke push - 2',
        ...sequence('1 push 1'),
        '2 invoke pop - null',
        ...sequence('1 pop null 1'),
        '0 ok push - 2',
        '2 ok pop - null',
        ...sequence('1 pop null 2'),
      ],
    ],
    ['stale-read', 'set', sequence('0 add 1', '1 contains 1 false'), around('1 contains 1 false', '0 add 1')],
    [
      'stale-read',
      'set',
      sequence('0 add 1', '0 remove 1', '1 contains 1 true'),
      around('1 contains 1 true', '0 add 1', '0 remove 1'),
    ],
    [
      'divergent-reads',
      'set',
      [...around('0 add 1', '1 add 2', '2 read null [1]'), ...sequence('2 read null [2]')],
      [...around('0 add 1', '1 add 2', '2 read null [2]'), ...sequence('2 read null [1,2]')],
    ],
    ['inverted-order', 'set', sequence('0 add 1', '1 read null []'), around('1 read null []', '0 add 1')],
    ['duplicate', 'set', sequence('0 add 1', '1 read null [1,1]'), sequence('0 add 1', '1 read null [1]')],
    ['unwritten-read', 'set', sequence('1 read null [1]', '0 add 1'), around('1 read null [1]', '0 add 1')],
    [
      'inverted-order',
      'log',
      sequence('0 append 5 [1,5]', '0 append 6 [0,6]'),
      around('0 append 5 [1,5]', '1 append 6 [0,6]'),
    ],
    [
      'lost-write',
      'log',
      sequence('0 append 5 [0,5]', '0 append 6 [0,6]'),
      sequence('0 append 5 [0,5]', '0 append 6 [1,6]'),
    ],
    [
      'lost-write',
      'log',
      sequence('0 append 5 [1,5]', '0 append 6 7'),
      [...around('0 append 6', '1 append 5 [1,5]')],
    ],
    [
      'divergent-reads',
      'log',
      sequence('0 append 5 [0,5]', '1 poll null [[0,6]]'),
      sequence('0 append 5 [0,5]', '1 poll null [[0,5]]'),
    ],
    [
      'duplicate',
      'log',
      sequence('0 append 5', '1 append 6', '2 read null [5,5]'),
      sequence('0 append 5', '1 append 6', '2 read null [5,6]'),
    ],
    [
      'unwritten-read',
      'log',
      sequence('0 append 5', '2 read null [7]'),
      sequence('0 append 5', '2 read null [5]'),
    ],
    ['lost-write', 'log', sequence('0 append 5', '2 read null []'), around('2 read null []', '0 append 5')],
    ['lost-update', 'counter', sequence('0 add 1', '1 read null 0'), around('1 read null 0', '0 add 1')],
    ['unwritten-read', 'counter', sequence('1 read null 1', '0 add 1'), around('1 read null 1', '0 add 1')],
    [
      'inverted-order',
      'counter',
      sequence('0 add 1', '1 read null 1', '1 read null 0'),
      around('2 read null 0', '0 add 1', '1 read null 1'),
    ],
    ['unwritten-read', 'counter', sequence('0 add 2', '1 read null 1'), sequence('0 add 2', '1 read null 2')],
    [
      'mutual-exclusion',
      'mutex',
      sequence('0 acquire', '1 acquire'),
      around('2 release', '0 acquire', '1 acquire'),
    ],
    [
      'mutual-exclusion',
      'owner-mutex',
      sequence('0 acquire', '1 acquire', '0 release', '1 release'),
      sequence('0 acquire', '0 release', '1 acquire', '1 release'),
    ],
    [
      'mutual-exclusion',
      'owner-mutex',
      sequence('0 acquire', '1 release'),
      sequence('0 acquire', '0 release'),
    ],
    [
      'inverted-order',
      'fenced-mutex',
      sequence('0 acquire null 2', '0 release', '1 acquire null 1', '1 release'),
      sequence('0 acquire null 1', '0 release', '1 acquire null 2', '1 release'),
    ],
    [
      'fence-twice',
      'fenced-mutex',
      sequence('0 acquire null 1', '0 release', '1 acquire null 1'),
      sequence('0 acquire null 1', '0 release', '1 acquire null 2'),
    ],
    [
      'duplicate',
      'unique-ids',
      sequence('0 generate null 1', '1 generate null 1'),
      sequence('0 generate null 1', '1 generate null 2'),
    ],
    [
      'version-twice',
      'versioned-register',
      sequence('0 write 1 [1,1]', '1 write 2 [1,2]'),
      sequence('0 write 1 [1,1]', '1 write 2 [2,2]'),
    ],
    [
      'version-mismatch',
      'versioned-register',
      sequence('0 write 1 [1,1]', '1 read null [1,2]'),
      sequence('0 write 1 [1,1]', '1 read null [1,1]'),
    ],
    [
      'version-gap',
      'versioned-register',
      sequence('0 write 1 [2,1]'),
      ['1 invoke write - 2', ...sequence('0 write 1 [2,1]')],
    ],
    [
      'version-gap',
      'versioned-register',
      [...sequence('0 write 1 [2,1]'), '1 invoke write - 2'],
      ['1 invoke write - 2', ...sequence('0 write 1 [2,1]')],
    ],
    [
      'unwritten-read',
      'versioned-register',
      ['1 invoke write - 2', ...sequence('0 read null [1,3]')],
      ['1 invoke write - 3', ...sequence('0 read null [1,3]')],
    ],
    [
      'stale-read',
      'versioned-register',
      sequence('0 write 1 [1,1]', '1 cas [3,2] [2,[3,2]]'),
      sequence('0 write 1 [1,1]', '1 cas [1,2] [2,[1,2]]'),
    ],
    [
      'inverted-order',
      'versioned-register',
      sequence('0 write 1 [1,1]', '0 write 1 [2,1]', '1 read null [1,1]'),
      sequence('0 write 1 [1,1]', '0 write 1 [2,1]', '1 read null [2,1]'),
    ],
    [
      'version-twice',
      'versioned-kv',
      sequence('0 write 1 [1,1]', '0 write 2 [1,2]'),
      sequence('0 write 1 [1,1]', '0 write 2 [7,2]'),
    ],
    [
      'inverted-order',
      'versioned-kv',
      sequence('0 write 1 [5,1]', '0 write 2 [3,2]'),
      around('0 write 1 [5,1]', '1 write 2 [3,2]'),
    ],
  ])('%s of %s', (test, model, lines, nearMiss) => {
    const decision = decideLines(model, lines);
    expect(decision?.outcome).toBe('illegal');
    expect(decision?.refutation?.test).toBe(test);
    expect(decision?.refutation?.explanation).toMatch(/^\S.*\.$/);
    expect(linearizability({ model: modelOf(model) }).check({ history: historyOf(...lines) }).valid).toBe(
      false,
    );
    expect(decideLines(model, nearMiss)).toMatchObject({ outcome: 'legal', refutation: null });
  });

  it('a set by one element, where another is added twice and is left to the search', () => {
    const twice = sequence('0 add 2', '0 add 2');
    expect(decideLines('set', [...twice, ...sequence('0 add 1', '1 contains 1 false')])).toMatchObject({
      outcome: 'illegal',
      refutation: { test: 'stale-read' },
    });
    expect(decideLines('set', [...twice, ...around('1 contains 1 false', '0 add 1')])).toBeNull();
  });
});

describe('a store with one revision', () => {
  const written = [
    ...['0 invoke write x 1', '0 ok write x [5,1]', '0 invoke write y 2', '0 ok write y [7,2]'],
    '1 invoke read x null',
  ];
  const readAt = (position: number): string => `1 ok read x {"told":[5,1],"position":${position}}`;

  it('is not linearizable where a read saw it as it was before', () => {
    // The value of x is right; what is stale is the store.
    expect(decideLines('versioned-kv', [...written, readAt(6)])).toMatchObject({
      outcome: 'illegal',
      refutation: { test: 'inverted-order' },
    });
    expect(decideLines('versioned-kv', [...written, readAt(7)])).toMatchObject({ outcome: 'legal' });
  });

  it('says that it goes by what the answers tell', () => {
    expect(
      decideLines('versioned-kv', [...written, readAt(6)])?.refutation?.explanation,
    ).toMatchInlineSnapshot(
      `"write of 2 to y (version 7) by process 0 (operation 3), and came after the read of x returned 1 (version 5, position 6) by process 1 (operation 5), as the versions show that the answers tell; but it had completed before that began."`,
    );
    expect(
      decideLines('versioned-register', sequence('0 write 1 [1,1]', '1 read null [1,2]'))?.refutation
        ?.explanation,
    ).toMatchInlineSnapshot(
      `"read of x returned 2 (version 1) by process 1 (operation 3), but write of 1 to x (version 1) by process 0 (operation 1): one version has one value, by the versions that the answers tell."`,
    );
  });
});

describe('explanations', () => {
  const explain = (model: string, lines: readonly string[]): string | undefined =>
    decideLines(model, lines)?.refutation?.explanation;

  it('name the operations that contradict each other', () => {
    expect(explain('register', sequence('0 write 1', '0 write 2', '1 read null 1'))).toBe(
      'read of x returned 1 by process 1 (operation 5), but only the write of 1 to x by process 0 (operation 1) can ' +
        'have left that; the write of 2 to x by process 0 (operation 3) came after, and had completed before this read began.',
    );
    expect(
      explain('stack', sequence('0 push 1', '0 push 2', '1 pop null 1', '1 pop null 2')),
    ).toMatchInlineSnapshot(
      `"From the completion of the push of 1 to x by process 0 (operation 1) until the pop from x returned 2 by process 1 (operation 7) began there was always an item in x: 1, 2. One of them lay below the others, put in before them and taken out after them; but each was put in when 1 already was in, or taken out when 2 still was."`,
    );
    expect(
      explain('fifo-queue', sequence('0 enqueue 1', '0 enqueue 2', '1 dequeue null 2')),
    ).toMatchInlineSnapshot(
      `"dequeue from x returned 2 by process 1 (operation 5), but 1, which the enqueue of 1 to x by process 0 (operation 1) had put in before the enqueue of 2 to x by process 0 (operation 3) began, was never taken out."`,
    );
    expect(explain('counter', sequence('0 add 1', '1 read null 0'))).toMatchInlineSnapshot(
      `"read of x returned 0 by process 1 (operation 3), but more additions than that had completed before 0 was read: for the addition of 1 to x by process 0 (operation 1) there is no room."`,
    );
    expect(
      explain('owner-mutex', sequence('0 acquire', '1 acquire', '0 release', '1 release')),
    ).toMatchInlineSnapshot(
      `"The acquire of x for process 0 by process 0 (operation 1), released by the release of x for process 0 by process 0 (operation 5), and the acquire of x for process 1 by process 1 (operation 3), released by the release of x for process 1 by process 1 (operation 7), overlap: x was held by both at one time."`,
    );
  });
});

describe('the verdict', () => {
  it('says what decided how many partitions, and why it was allowed to', () => {
    const history = historyOf(
      ...['x', 'y'].flatMap((key) => [`0 invoke write ${key} 1`, `0 ok write ${key} 1`]),
      ...['1 invoke write z 1', '1 ok write z 1', '1 invoke write z 1', '1 ok write z 1'],
      ...['1 invoke read z null', '1 ok read z 1'],
    );
    expect(linearizability({ model: modelOf('register') }).check({ history })).toMatchObject({
      valid: true,
      statistics: {
        algorithm: { 'Gibbons-Korach zones': 2, 'Wing-Gong-Lowe search': 1 },
        precondition: {
          'Gibbons-Korach zones':
            'every value that an answer shows can have been put there by one operation alone',
        },
      },
    });
  });

  it('knows a model by what it does, not by its name', () => {
    const lines = sequence('0 write 1');
    const [partition] = partitionHistory(historyOf(...lines), modelOf('register'));
    const mine: Model = { ...modelOf('register'), step: (state) => state };
    expect(decide(mine, partition?.operations ?? [], 'x')).toBeNull();
    const other: Model = { ...modelOf('register'), init: 5 };
    expect(decide(other, partition?.operations ?? [], 'x')?.outcome).toBe('legal');
  });
});
